"""At the door: requests that no view, form or database could read are refused here, whichever address they are for."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from labeling.refusals import TooLarge, Unreadable
from labeling.views.errors import answer_refusal

#: A form of too many fields has a page of its own, with what was typed: views/oversized.py.
TOO_LARGE = (RequestDataTooBig, TooManyFilesSent)
BROKEN = (BadRequest, MultiPartParserError, UnreadablePostError)


class DoorMiddleware:
    """Answers what cannot be read. Stands before all that looks at parameters, cookies or forms."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            check_readable(request)
        except (Unreadable, TooLarge) as refused:
            return answer_refusal(request, refused)
        return self.get_response(request)


def check_readable(request: HttpRequest) -> None:
    """Raise Unreadable or TooLarge unless all of the request is UTF-8 text of a size that is taken, without NUL."""
    check_charset(request)
    check_size(request)
    for where, text in texts_around(request):
        if "\0" in text:
            raise Unreadable(f"The {where} holds a NUL character, which no text can hold.")
    for name, values in form_of(request):
        if "\0" in name or any("\0" in value for value in values):
            shown = name.replace("\0", "")
            raise Unreadable(f"“{shown}” holds a NUL character, which no text can hold.", field=shown, status=422)


def check_charset(request: HttpRequest) -> None:
    """What comes in is UTF-8. Under its other names too, which Django takes for another charset."""
    charset = (request.content_params or {}).get("charset")
    if charset is None:
        return
    if not is_utf_8(charset):
        raise Unreadable(f"This site reads UTF-8, not {charset[:40]}.", status=415)
    request.encoding = "utf-8"


def is_utf_8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):  # nobody's charset; no name at all
        return False


def check_size(request: HttpRequest) -> None:
    """Forms and JSON are read into memory at once; files are not, and may be larger."""
    largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if request.content_type != "multipart/form-data" and int(request.META.get("CONTENT_LENGTH") or 0) > largest:
        raise TooLarge(f"This is larger than the {largest // 2**20} MB that are read at once.")


def texts_around(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """What views look for in the database besides forms: where it stands, and the text."""
    yield "address", request.path_info
    yield "address", unquote_plus(request.META.get("QUERY_STRING", ""))
    yield "token", request.headers.get("Authorization", "")
    yield from (("cookie", value) for value in request.COOKIES.values())


def form_of(request: HttpRequest) -> Iterator[tuple[str, list[str]]]:
    """The fields of the form that was sent, if one was."""
    try:
        yield from request.POST.lists()
    except TOO_LARGE as error:
        raise TooLarge("This is more than a form may hold.") from error
    except BROKEN as error:
        raise Unreadable("This form came broken or not whole. Send it again.") from error
