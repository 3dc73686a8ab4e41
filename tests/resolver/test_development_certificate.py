"""The certificate a node begins with."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509

from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY
from idis.resolver.development_certificate import VALID_DAYS, make_development_certificate

NOW = 1_800_000_000


@pytest.fixture
def certificate(tmp_path) -> x509.Certificate:
    """One for three addresses, one of which stands for all."""
    make_development_certificate(tmp_path, "n" * 80, ("192.0.2.1", "0.0.0.0", "2001:db8::1", "192.0.2.1"), NOW)
    return x509.load_pem_x509_certificate((tmp_path / DEVELOPMENT_CERTIFICATE).read_bytes())


def test_it_is_for_every_address_of_the_node(certificate):
    """And for localhost; what stands for all addresses is none."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")]


def test_it_lasts_as_long_as_browsers_accept(certificate):
    """From a day before, because clocks differ."""
    made = datetime.datetime.fromtimestamp(NOW, datetime.UTC)

    assert certificate.not_valid_before_utc == made - datetime.timedelta(days=1)
    assert certificate.not_valid_after_utc == made + datetime.timedelta(days=VALID_DAYS)


def test_it_signs_nothing_else(certificate):
    """A leaked key makes no other certificates."""
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_nothing_is_overwritten(tmp_path):
    """Files that are there stay."""
    make_development_certificate(tmp_path, "n", ("127.0.0.1",), NOW)
    before = (tmp_path / DEVELOPMENT_KEY).read_bytes()

    with pytest.raises(OSError, match="exists"):
        make_development_certificate(tmp_path, "n", ("127.0.0.1",), NOW)
    assert (tmp_path / DEVELOPMENT_KEY).read_bytes() == before
