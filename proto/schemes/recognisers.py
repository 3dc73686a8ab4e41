"""Every scheme that can be recognised: what it is called, an example, and the function that reads it.

`table.py` lists the sector numbers alone, with what makes their check digits. Which of them reads a text that does not
say what it is, is for `idis.proto.detect`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.schemes import (
    ark,
    battery,
    bpn,
    did,
    doi,
    duns,
    ecode,
    handle,
    irdi,
    iso15434,
    iso15459,
    link,
    ma,
    oid,
    publication,
    sector,
    uuid,
    vaa,
)
from idis.proto.schemes.gs1.recognise import recognise as recognise_gs1
from idis.proto.schemes.recognised import Confidence, Recognised
from idis.proto.schemes.scan import ScanError, read_scan
from idis.proto.schemes.table import SCHEMES

_YearRecogniser = Callable[[str, int], Recognised | None]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """One scheme.

    Attributes:
        name: the `scheme` of what it recognises.
        title: what a person calls it, in English and Chinese.
        example: one of its identifiers, in canonical form.
        read: reads a text as this scheme, given the present year; pure, never raises, None when it is none.
    """

    name: str
    title: str
    example: str
    read: _YearRecogniser


def _timeless(read: Callable[[str], Recognised | None]) -> _YearRecogniser:
    return lambda text, year: read(text)


def _read_envelope(text: str, year: int) -> Recognised | None:
    try:
        return iso15434.recognise(read_scan(text).coded)
    except ScanError:
        return None


def _read_gs1(text: str, year: int) -> Recognised | None:
    return recognise_gs1(text, year=year)


def _sector(name: str) -> _YearRecogniser:
    check = SCHEMES[name].check

    def read(text: str, year: int) -> Recognised | None:
        verdict = battery.check(text, reference_year=year) if name == battery.SCHEME else check(text)
        return sector.recognised(verdict, Confidence.LIKELY, f"it passes as {SCHEMES[name].title}") if verdict.ok else None

    return read


_EXAMPLES = {
    "imo": "IMO9074729",
    "vin": "1M8GDM9AXKP042788",
    "cas": "7732-18-5",
    "ec": "231-791-2",
    "gtin": "06901234567892",
    "sscc": "169012340000000013",
    "gln": "9506000134352",
    "gmn": "1987654Ad4X4bL5ttr2310c2K",
    "iso6346": "CSQU3054383",
    "uscc": "91110000600037341L",
    "lei": "213800KUD8LAJWSQ9D15",
    "battery": "001PB210000012F3H0000123",
    "kks": "1 0LAC10 AP001",
    "kks-french": "1RCP001PO",
    "un": "UN1170",
    "ghs": "H300+H310",
}

_ALL = (
    Recogniser(
        handle.SCHEME_IDIS, "industrial internet identifier 工业互联网标识", "88.118.8/JXDY2106023", _timeless(handle.recognise)
    ),
    Recogniser(handle.SCHEME, "Handle 标识", "20.1000/100", _timeless(handle.recognise)),
    Recogniser(doi.SCHEME, "digital object identifier DOI", "10.1000/182", _timeless(doi.recognise)),
    Recogniser(vaa.SCHEME, "VAA number VAA编码", "VAA08810012345678/abc123", _timeless(vaa.recognise)),
    Recogniser(ma.SCHEME, "MA identifier MA标识", "MA.156.1003.1629/10.46100000.riseplatform", _timeless(ma.recognise)),
    Recogniser(oid.SCHEME, "object identifier OID 对象标识符", "1.2.156.10197.1.301", _timeless(oid.recognise)),
    Recogniser(ecode.SCHEME, "Ecode 物联网编码", "ecode:1.20.30014711", _timeless(ecode.recognise)),
    Recogniser("gs1", "GS1 identifier 商品编码", "https://id.gs1.org/01/06901234567892/21/42", _read_gs1),
    Recogniser("epc", "EPC of no GS1 key EPC编码", "urn:epc:id:gid:952056.2718.1414", _read_gs1),
    Recogniser(did.SCHEME, "decentralized identifier DID 分布式标识", "did:cn:88.100.1", _timeless(did.recognise)),
    Recogniser(ark.SCHEME, "archival resource key ARK", "ark:13030/tf5p30086k", _timeless(ark.recognise)),
    Recogniser(link.SCHEME, "link 网址", "https://maker.example/p/SN123", _timeless(link.recognise)),
    Recogniser(iso15459.SCHEME, "unique identifier ISO/IEC 15459 唯一标识", "25SUN123456789S001", _timeless(iso15459.recognise)),
    Recogniser(iso15434.SCHEME, "part in an envelope of ISO/IEC 15434 零件标识", "[)>␞06␝V12345␝1PAB-7␝S001␞␄", _read_envelope),
    Recogniser(uuid.SCHEME, "UUID 通用唯一识别码", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", _timeless(uuid.recognise)),
    Recogniser(irdi.SCHEME, "entry of a dictionary IRDI 数据字典条目", "0173-1#02-BAA120#008", _timeless(irdi.recognise)),
    Recogniser(bpn.SCHEME, "business partner number BPN 业务伙伴编号", "BPNL000000000001", _timeless(bpn.recognise)),
    Recogniser(duns.SCHEME, "company number D-U-N-S 邓白氏编码", "DUNS150483782", _timeless(duns.recognise)),
    Recogniser(publication.SCHEME_ISBN, "book number ISBN 书号", "ISBN9787111407010", _timeless(publication.recognise_isbn)),
    Recogniser(publication.SCHEME_ISSN, "number of a series ISSN 刊号", "ISSN0378-5955", _timeless(publication.recognise_issn)),
    *(Recogniser(scheme.name, scheme.title, _EXAMPLES[scheme.name], _sector(scheme.name)) for scheme in SCHEMES.values()),
)

RECOGNISERS: dict[str, Recogniser] = {recogniser.name: recogniser for recogniser in _ALL}
