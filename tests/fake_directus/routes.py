"""The function for each route."""

from collections.abc import Callable

from . import (
    auth,
    files,
    invites,
    items,
    permissions,
    policies,
    sign_up,
    site,
    sso,
    texts,
    two_factor,
    users,
)
from .answers import Answer
from .asked import Asked, Caller
from .state import State

Handler = Callable[[State, Asked, Caller | None], Answer]
ROUTES: dict[str, dict[str, Handler]] = {
    "/auth": {"GET": sso.list_providers},
    "/auth/login": {"POST": auth.login},
    "/auth/refresh": {"POST": auth.refresh},
    "/auth/logout": {"POST": auth.logout},
    "/auth/password/request": {"POST": auth.request_reset},
    "/auth/password/reset": {"POST": auth.reset},
    "/users": {
        "GET": users.list_users,
        "POST": users.create_user,
        "PATCH": users.patch_users,
    },
    "/users/me": {"GET": users.get_me, "PATCH": users.patch_me},
    "/users/invite/accept": {"POST": invites.accept},
    "/users/me/tfa/enable": {"POST": two_factor.enable},
    "/users/me/tfa/disable": {"POST": two_factor.disable},
    "/policies/me/globals": {"GET": two_factor.globals_of},
    "/permissions": {"GET": permissions.list_permissions},
    "/permissions/me": {"GET": permissions.own},
    "/users/register": {"POST": sign_up.register},
    "/users/register/verify-email": {"GET": sign_up.verify_email},
    "/server/ping": {"GET": site.ping},
    "/server/info": {"GET": site.info},
    "/settings": {"GET": site.settings},
    "/activity": {"GET": site.activity},
    "/roles": {"GET": policies.roles},
    "/policies": {"GET": policies.policies},
    "/access": {"GET": policies.access},
    "/files": {
        "GET": files.list_files,
        "POST": files.create_file,
        "DELETE": files.delete_files,
    },
    "/relations": {"GET": items.list_relations},
    "/translations": {"GET": texts.translations},
}
ONE_OF_MANY: dict[str, dict[str, Callable[..., Answer]]] = {
    r"/auth/login/([\w-]+)": {"GET": sso.begin},
    r"/auth/login/([\w-]+)/callback": {"GET": sso.finish},
    r"/users/([0-9a-f-]{36})": {
        "GET": users.get_user,
        "PATCH": users.patch_user,
        "DELETE": users.delete_user,
    },
    r"/files/([0-9a-f-]{36})": {"GET": files.get_file, "DELETE": files.delete_file},
    r"/assets/([0-9a-f-]{36})": {"GET": files.get_asset},
    r"/items/(\w+)": {
        "GET": items.list_items,
        "POST": items.create_item,
        "PATCH": items.update_items,
        "DELETE": items.delete_items,
    },
    r"/fields/(?!directus_)(\w+)": {"GET": items.describe_fields},
    r"/permissions/me/(\w+)/([^/]+)": {"GET": permissions.on_item},
    r"/fields/directus_users/(\w+)": {"GET": files.get_user_field},
    r"/users/([0-9a-f-]{36})/tfa/disable": {"POST": two_factor.disable_for},
    r"/roles/([0-9a-f-]{36})": {"GET": two_factor.get_role},
}
