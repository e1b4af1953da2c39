"""Abbreviations after which a sentence goes on, those that may end one, and words that begin one. Data only.

Keys are ISO 639-1 languages. Words are in lower case and without their last full stop.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: The next word belongs to them (a name, a number): they never end a sentence.
GOES_ON: Mapping[str, frozenset[str]] = {
    "en": _words("""
        mr mrs ms mx messrs mme mlle dr prof rev hon st gen col lt sgt capt cmdr adm gov sen rep pres fr jr sr
        vs no nos vol vols p pp ch fig figs sec art ed eds al cf viz i.e e.g ca approx dept est ext inc ltd co corp
        mt ft jan feb mar apr jun jul aug sept oct nov dec eq para sect app trans supt maj brig ens pvt cpl det supp
        bros univ assn govt a.k.a p.s wm chas geo thos feat op cit
    """),
    "de": _words("""
        hr fr frl dr prof dipl ing st nr bd hrsg vgl bzw z.b d.h u.a z.t s.o s.u ca evtl ggf inkl abs art kap abb tab
        str mio mrd tsd jh jhd geb gest verh sog bspw v.chr n.chr i.d.r
        fa dipl.-ing freundl u.u m.e v.a o.ä u.ä s bf hl kgl ehem gegr hbf tel bj aufl hrn nrn ziff zz
        i.a z.hd a.d o.g jan feb apr aug sept okt nov dez
    """),
    "fr": _words("""
        m mm mme mmes mlle mlles dr pr me mgr st ste p pp p.ex ex cf c.-à-d vol chap fig art no env av ap apr j.-c
        tél bd boul dép hab max min éd t sq réf
        janv févr avr juil oct nov déc
    """),
    "es": _words("""
        sr sra sres srta d dª da dr dra prof lic ing gral cap pág págs p pp núm vol art fig ee.uu p.ej ej av avda
        ud uds vd vds sto sta a.c d.c avda pza tel tfno aprox dpto cía ed trad n.º máx mín hab fdo atte dña dn ntra mons
        rvdo fr cc ff rr jj tlf tlfno ene feb abr jun jul ago sept oct nov dic mill arts apdo
    """),
    "it": _words("""
        sig sigg sig.ra sig.na dott dott.ssa dr prof prof.ssa ing avv arch geom rag on pag pagg p pp n nr vol cap art
        fig s ss a.c d.c p.es es cfr v.le c.so
    """),
    "nl": _words("""
        dhr mevr mw dr drs prof ir ing mr st nr blz p pp vgl bijv d.w.z o.a m.b.t t.o.v i.p.v ca
    """),
    "ru": _words("""
        г гг в вв гл стр с рис см ср напр т.е т.к т.н т е к н ул д кв
        корп пр просп пл им проф акад др руб коп тыс млн млрд
        табл изд тел обл р-н н.э
    """),
    "hi": _words("डॉ श्री प्रो पं"),
    "ar": _words("د أ م ص ج ط"),
    "pl": _words("""
        dr prof inż mgr ul al pl św nr str s t np tzn tj tzw m.in por red gen płk ks p pp godz tys mln mld zł
    """),
    "pt": _words("""
        sr sra srta dr dra prof eng pág págs p pp n nº vol cap art av fig ex p.ex v.exª a.c d.c
    """),
}

#: Also ordinary words ("modern art."): they are abbreviations only before a number.
BEFORE_NUMBERS: Mapping[str, frozenset[str]] = {
    "en": _words("no nos art fig figs sec sect vol vols ch p pp eq app det ed par"),
    "de": _words("art s tab abb kap bd"),
    "fr": _words("art no fig vol t p pp sept fév lun mar mer jeu ven sam dim"),
    "es": _words("art fig vol cap ss t lun mar mié jue vie sáb dom"),
}

#: Also ordinary words or letters: they are abbreviations only before a small letter ("XIXe s. de Rome").
BEFORE_SMALL_LETTERS: Mapping[str, frozenset[str]] = {
    "en": _words(
        "mon tue tues wed thu thur thurs fri sat sun temp deg min sec hr hrs wk yr yrs mo in lb lbs oz max avg"
    ),
    "pl": _words("r w m"),
    "fr": _words("s arr c lun mar mer jeu ven sam dim"),
    "es": _words("ss cda cdas cdta cdtas lun mar mié jue vie sáb dom m a.m p.m aa"),
}

#: They stand behind a name, so that a sentence may end with them: "Acme Inc. She sings."
SUFFIXES: frozenset[str] = _words(
    "inc ltd co corp bros plc llc jr sr esq al etc dept est st ave blvd rd hwy г гг в вв руб коп тыс млн млрд др н.э"
)

#: They end a sentence before a capital. (OK is no abbreviation, but is taken for one.)
MAY_END: frozenset[str] = _words("etc usw usf u.s.w ecc enz etcétera OK O.K")

#: Ordinary words that sentencex takes for abbreviations, its English ones ("Mich.", "Me.") in other languages too: they
#: end a sentence before a capital, in these letters.
ORDINARY: Mapping[str, frozenset[str]] = {
    "de": _words("mich mag Art Bart Ass"),
    "fr": _words("art vol ex"),
    "es": _words("bien no para sobre mar"),
    "it": _words("mai no re se si su via mar me ore sa SMS GPS DVD USB NASA FBI NBA"),
    "nl": _words("dat me al ver vol"),
}

#: Capitalised, they begin a sentence even behind an initial: "vitamin C. It helps" against "John C. Smith".
BEGINS: Mapping[str, frozenset[str]] = {
    "en": _words("""
        he she it they we you the this that these those there then but and so yet or if when while after before since
        in on at as for from with his her its their our my your what who why how where no not yes now here nobody
        nothing everybody everyone everything somebody someone some many most all both each few another once today
        tomorrow yesterday soon still only even perhaps maybe
    """),
    "de": _words("""
        er sie es wir ihr man der die das dieser diese dieses ein eine dann da und aber doch oder wenn als nach vor seit
        in im am auf für von mit sein seine ihre was wer warum wie wo nein ja nun hier so nicht auch
        niemand nichts jemand alle viele keiner
    """),
    "fr": _words("""
        il elle ils elles on nous vous je le la les ce cette ces c'est un une des puis et mais ou donc si quand après
        avant depuis dans en sur pour avec son sa ses leur que qui pourquoi comment où non oui alors ici
        personne rien chacun tous
    """),
    "es": _words("""
        él ella ellos ellas yo nosotros usted el la los las este esta esto ese eso un una luego y pero o si cuando
        después antes desde en sobre para con su sus qué quién por cómo dónde no sí entonces aquí
        nadie nada alguien todos
    """),
    "ru": _words("""
        он она оно они я мы вы ты это этот эта эти тот та те и но а или если когда потом после до с в на из за у от к по
        что кто где как почему да нет теперь здесь там так не его её их мой наш все всё никто ничто
    """),
    "it": _words("""
        lui lei loro egli ella io noi voi il lo la i gli le un uno una questo questa quello quella e ma o se quando poi
        dopo prima da in su per con suo sua che chi perché come dove no sì allora qui nessuno niente tutti
    """),
}

#: Behind these a number with a full stop is an ordinal, in languages that write ordinals that way.
ORDINAL_LEADS: Mapping[str, frozenset[str]] = {
    "de": _words("""
        der die das des dem den dieser dieses diesem diesen jeder jedes jedem jeden am im vom zum zur beim ins ans
        sein seine seinem seinen ihr ihre ihrem ihren mein meine unser unsere ein eine einem einen
    """),
}
