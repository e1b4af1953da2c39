import re

from tests.pages import PAGES, ROOT

#: `POST /jobs/{id}/patch` in the prose of a page.
ROUTE = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?\s]*)")
CODE = re.compile(r"^ *```.*?^ *```", re.S | re.M)


def test_routes_that_the_docs_name_exist(anyone):
    paths = anyone.get("/openapi.json").json["paths"]
    served = {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, item in paths.items() for method in item}
    named = [
        (str(page.relative_to(ROOT)), method, path)
        for page in PAGES
        for method, path in ROUTE.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    ]
    assert len(named) > 20
    assert [each for each in named if (each[1], re.sub(r"{\w+}", "{}", each[2])) not in served] == []
