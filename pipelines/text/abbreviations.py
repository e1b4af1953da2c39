"""Abbreviations after which a sentence goes on, and those after which it may end. Data only.

Keys are ISO 639-1 languages. Words stand in lower case and without their last full stop.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: The next word belongs to them (a name, a number): never a sentence's end.
GOES_ON: Mapping[str, frozenset[str]] = {
    "en": _words("""
        mr mrs ms messrs mme mlle dr prof rev hon st gen col lt sgt capt cmdr adm gov sen rep pres fr jr sr
        vs no nos vol vols p pp ch fig figs sec art ed eds al cf viz i.e e.g ca approx dept est ext inc ltd co corp
        mt ft jan feb mar apr jun jul aug sept oct nov dec
    """),
    "de": _words("""
        hr fr frl dr prof dipl ing st nr bd hrsg vgl bzw z.b d.h u.a z.t s.o s.u ca evtl ggf inkl abs art kap abb tab
        str mio mrd jh jhd geb gest verh sog bspw v.chr n.chr i.d.r jan feb apr aug sept okt nov dez
    """),
    "fr": _words("""
        m mm mme mmes mlle mlles dr pr me mgr st ste p pp p.ex ex cf c.-à-d vol chap fig art no env av apr j.-c
    """),
    "es": _words("""
        sr sra sres srta d dª da dr dra prof lic ing gral cap pág págs p pp núm vol art fig ee.uu p.ej ej av avda
        ud uds vd vds sto sta a.c d.c
    """),
    "it": _words("""
        sig sigg dott dr prof ing avv arch on pag pagg p pp n nr vol cap art fig s ss a.c d.c p.es es
    """),
    "nl": _words("""
        dhr mevr mw dr drs prof ir ing mr st nr blz p pp vgl bijv d.w.z o.a m.b.t t.o.v i.p.v ca
    """),
    "pt": _words("""
        sr sra srta dr dra prof eng pág págs p pp n nº vol cap art av fig ex p.ex v.exª a.c d.c
    """),
}

#: They often end a sentence; before a capital they do.
MAY_END: frozenset[str] = _words("etc usw usf u.s.w ecc enz etcétera")
