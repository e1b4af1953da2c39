"""Names the parts of a saved web page that stand around its text: links over the page, notices, boxes, buttons.

Pure functions of an element's name, role, class and id. The class names are those of MediaWiki (Wikipedia), WordPress
and the tools that most sites use; the roles are of WAI-ARIA 1.2. Word's classes of fields are here as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .html_rules import Omission

#: Roles of elements that are used, not read. "banner" and "complementary" may hold titles and text.
_ROLES: Mapping[str, Omission] = {
    **dict.fromkeys(["navigation", "menu", "menubar", "toolbar", "tablist"], Omission.NAVIGATION),
    **dict.fromkeys(["search", "contentinfo", "alertdialog"], Omission.WEB_PART),
}
_NAVIGATION = re.compile(
    r"mw-jump-link|skip-?_?(?:links?|nav|navigation|to-?content|to-?main)|(?:vertical-)?navbox(?:-\w+)*|sistersitebox|"
    r"navbar(?:-\w+)*|breadcrumbs?|pagination|(?:post|posts|site|page|comment)-?navigation|(?:page|nav)-links|"
    r"mw-portlet(?:-\w+)*|vector-(?:menu|dropdown|header|column-start|page-toolbar|sticky-header)(?:-\w+)*|catlinks|"
    r"(?:prev|previous)-?next|page-?nav"
)
_WEB_PART = re.compile(
    r"mw-editsection(?:-like)?|hatnote|dablink|rellink|[a-z]*mbox(?:-small)?|noprint|no-print|d-print-none|hidden-print|"
    r"print-hidden|siteSub|sitesub|printfooter|mw-footer(?:-\w+)*|mw-indicators|inline-template|mw-cite-backlink|"
    r"sharedaddy|sd-(?:sharing|block)\S*|(?:social|share|sharing)-?_?(?:media|share|sharing|buttons?|links?|icons?|bar|"
    r"widgets?|this|post|tools|list)(?:-\w+)*|addtoany\S*|a2a_\S+|addthis\S*|jp-relatedposts|"
    r"(?:related|more|recommended)-?_?(?:posts?|articles?|stories|links)(?:-\w+)*|"
    r"cookie-?_?(?:banner|notice|consent|bar|popup|law\S*)\S*|gdpr\S*|(?:newsletter|subscribe)-?_?(?:signup|form|box)\S*|"
    r"widget-area|site-(?:footer|info)|comments-area|comment-respond|wp-block-(?:buttons|social-links)|"
    r"ad-(?:slot|banner|container|unit)|back-to-top|print-?button"
)
_CONTENTS = re.compile(r"msotoc(?:\d|heading)|msoindex(?:\d|heading)")
_IDS: Mapping[str, Omission] = {
    **dict.fromkeys(
        ["mw-navigation", "mw-panel", "mw-head", "mw-page-base", "p-lang-btn", "catlinks", "jump-to-nav"],
        Omission.NAVIGATION,
    ),
    **dict.fromkeys(
        ["siteSub", "siteNotice", "contentSub", "jp-post-flair", "disqus_thread"],
        Omission.WEB_PART,
    ),
}
#: Longer lists of classes are no converter's.
_MOST_CLASSES = 32
#: They hold the whole page, whatever their class says of the site.
_WHOLE = frozenset(["html", "body", "main", "article"])


def find_web_part(tag: str, attributes: Mapping[str, str]) -> Omission | None:
    """Why an element of a web page is not read; None where it is text."""
    if not attributes or tag in _WHOLE:
        return None
    for role in (attributes.get("role") or "").split():
        if role in _ROLES:
            return _ROLES[role]
    if found := _IDS.get(attributes.get("id") or ""):
        return found
    for word in (attributes.get("class") or "").lower().split()[:_MOST_CLASSES]:
        if _NAVIGATION.fullmatch(word):
            return Omission.NAVIGATION
        if _WEB_PART.fullmatch(word):
            return Omission.WEB_PART
        if _CONTENTS.fullmatch(word):
            return Omission.CONTENTS
    return None
