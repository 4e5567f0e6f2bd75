"""What every JSON endpoint shares: the key, the method, the body, and errors that say how to mend them."""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from shop.api_keys import check_api_key

View = Callable[..., HttpResponseBase]


class ApiError(Exception):
    def __init__(self, status: HTTPStatus, message: str, hint: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> JsonResponse:
        code = self.status.name.lower()
        content = {"error": {"code": code, "message": self.message, "hint": self.hint}}
        return JsonResponse(
            content, status=self.status, headers=self.headers, json_dumps_params={"ensure_ascii": False}
        )


def endpoint(*methods: str, needs_key: bool = True) -> Callable[[View], View]:
    """A view for programs: no cookies, so no CSRF; ApiError becomes a JSON answer."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                _check_method(request, methods)
                if needs_key:
                    _check_key(request)
                return view(request, *args, **kwargs)
            except ApiError as error:
                return error.response()

        return answer

    return decorate


def read_json(request: HttpRequest) -> Any:
    """The body as JSON. Raises ApiError 400 with line and column, 413 or 415."""
    if request.content_type != "application/json":
        hint = "Send the header Content-Type: application/json."
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON.", hint)
    try:
        return json.loads(request.body.decode("utf-8-sig"))
    except RequestDataTooBig:
        message, hint = "The body is larger than 5 MB.", "Send it in several requests."
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, hint) from None
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg}: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _malformed("The body is nested too deeply.") from None
    except ValueError:
        raise _malformed("The body holds a number that is too long.") from None


def json_response(content: Any, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return JsonResponse(content, status=status, safe=False, json_dumps_params={"ensure_ascii": False})


def _malformed(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message, "Send one JSON document in UTF-8.")


def _check_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        allowed = ", ".join(methods)
        message = f"{request.method} is not answered here."
        raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, message, f"Use {allowed}.", Allow=allowed)


def _check_key(request: HttpRequest) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not check_api_key(key.strip()):
        hint = "Send the header Authorization: Bearer pw_…; manage.py create_api_key makes a key."
        message = "The API key is missing, unknown or revoked."
        raise ApiError(HTTPStatus.UNAUTHORIZED, message, hint, WWW_Authenticate="Bearer")
