"""What attacks send: the same to the fake and to a real Directus."""

from typing import Any

PAGES = ("", "edit/", "delete/")
# Fields that the declaration does not let customers write, in spellings that some
# frameworks take for paths.
MORE_FIELDS = {
    "owner": "00000000-0000-4000-8000-000000000000",
    "owner.id": "00000000-0000-4000-8000-000000000000",
    "owner[id]": "00000000-0000-4000-8000-000000000000",
    "id": "00000000-0000-4000-8000-000000000001",
    "pk": "00000000-0000-4000-8000-000000000001",
    "status": "answered",
    "number": "1",
    "code": "A1",
    "phone": "+1",
    "reply": "Granted",
    "secret": "Known",
    "date_created": "2001-01-01T00:00:00Z",
    "date_updated": "2001-01-01T00:00:00Z",
    "product[name]": "Cheap",
    "product.name": "Cheap",
    "product__name": "Cheap",
    "query": '{"filter":{}}',
    "data": '{"secret":"Known"}',
}
OBJECTS = (
    '{"id": %(product)s, "name": "Cheap"}',
    '[{"id": %(product)s, "name": "Cheap"}]',
    '{"create": [], "update": [{"id": %(product)s, "name": "Cheap"}], "delete": []}',
    "[%(product)s]",
)
PROBES = (
    "sort=owner.password",
    "sort=secret",
    "sort=-secret,id",
    "secret=Known",
    "secret__icontains=K",
    "owner=00000000-0000-4000-8000-000000000000",
    'filter={"secret":{"_eq":"Known"}}',
    "filter[secret][_eq]=Known",
    "fields=*.*",
    "fields=secret,owner.password",
    "deep[product][_limit]=0",
    "aggregate[count]=id",
    "groupBy=owner",
    "search=Known",
    "limit=-1",
    "offset=1",
    "alias[subject]=secret",
    "meta=*",
    "access_token=x",
    "version=main",
)
# Directus replaces them in a filter.
NAMES_OF_VALUES = ("null", "NULL", "true", "false", "$NOW", "$CURRENT_USER")
UUID = "8b1d2e1c-4b6e-4d2f-9d55-0f4d2f2b3c4d"
NO_KEYS = (
    "1",
    "0",
    "-1",
    "x",
    "null",
    "undefined",
    "true",
    "*",
    "me",
    "..",
    "$CURRENT_USER",
    "10" + "0" * 29,
    "%00",
    UUID + "%00",
    UUID + "%0A",
    UUID + "%20",
    UUID + "%2F..%2Fproducts",
    "%2F",
    "..%2F..%2Fusers",
    "..%5C",
    UUID.replace("-", ""),
    "{" + UUID + "}",
    "urn:uuid:" + UUID,
    # Other digits, which Python takes for numbers.
    UUID.replace("1", "\N{ARABIC-INDIC DIGIT ONE}"),
    UUID.replace("8", "\N{FULLWIDTH DIGIT EIGHT}"),
    UUID + "," + UUID,
    UUID + "%3Ffields=*",
    "' OR 1=1 --",
    "%F0%9F%8E%81",
    "x" * 3000,
)


def is_plain(body: dict[str, Any]) -> bool:
    """Tell whether the values of a row are no objects."""
    return not any(isinstance(value, (dict, list)) for value in body.values())
