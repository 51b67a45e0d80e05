import pytest

from ennio.http.requests.origins import OwnHosts, normal_origin, origin_of


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "LOCALHOST:3000",
        "localhost.",
        "localhost.:1",
        "127.0.0.1",
        "127.0.0.1:",
        "127.9.9.9:80",
        "[::1]",
        "[::1]:3000",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "box.example",
        "BOX.example.:9",
        "10.1.2.3",
    ],
)
def test_our_own_hosts_are_known_however_they_are_written(header: str) -> None:
    assert header in OwnHosts("10.1.2.3", ("box.example",))


@pytest.mark.parametrize(
    "header",
    [
        "",
        " localhost",
        "localhost ",
        "evil.example",
        "localhost.evil.example",
        "evil.example:3000",
        "box.example..",
        "user@localhost",
        "localhost@evil.example",
        "localhost/",
        "localhost:port",
        "localhost:3000:1",
        "localhost,evil.example",
        "::1",
        "[::1",
        "::1]",
        "[localhost]",
        "[::1%lo]",
        "[]",
        "10.1.2.4",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0.0.0.0",
        "169.254.169.254",
        "[::ffff:10.1.2.4]",
        "l\u00f6calhost",
        "local\0host",
    ],
)
def test_every_other_host_is_foreign(header: str) -> None:
    assert header not in OwnHosts("10.1.2.3", ("box.example",))


@pytest.mark.parametrize("wildcard", ["0.0.0.0", "::"])
def test_a_server_on_every_address_answers_to_addresses_and_not_to_names(wildcard: str) -> None:
    hosts = OwnHosts(wildcard, ())

    assert "192.168.1.9:3000" in hosts
    assert "[fe80::1]" in hosts
    assert "evil.example" not in hosts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP://LocalHost:80", "http://localhost"),
        ("https://a.example:443", "https://a.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_same_origin_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert normal_origin(one) == normal_origin(other)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost",
        "https://localhost:3000",
        "http://localhost:3001",
        "http://127.0.0.1:3000",
        "http://localhost:3000/",
        "http://localhost:3000?x",
        "http://x@localhost:3000",
        "localhost:3000",
        "http://localhost:3000x",
        "http://localhost:99999",
        "http://[::1",
    ],
)
def test_another_origin_is_another(origin: str) -> None:
    assert normal_origin(origin) != origin_of("http", "localhost:3000")
