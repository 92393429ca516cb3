"""The rights to read and write, as `directus_setup` gives them."""

from collections.abc import Mapping
from typing import Any

from . import answers
from .asked import Caller
from .state import CUSTOMER, PROFILE, FakeUser, State

USERS = "directus_users"
SERVICE_FIELDS = {
    "email",
    "password",
    "first_name",
    "last_name",
    "status",
    "language",
    "avatar",
}
PUBLIC_FIELDS = {"email", "password", "role", "first_name", "last_name"}
STATUSES = ["active", "unverified", "suspended"]


class Rights:
    """The rights of one caller; None is the public."""

    def __init__(self, state: State, caller: Caller | None):
        self._state = state
        self._caller = caller

    def sees(self, user: FakeUser) -> bool:
        """Tell whether the caller may read a user at all."""
        caller = self._caller
        if caller is None:
            return False
        return caller.is_admin or caller.is_service or user.id == caller.id

    def readable(self, fields: list[str]) -> list[str]:
        """Return the fields to show, all for none asked for, or refuse."""
        known = self._readable_fields()
        if not known:
            raise answers.forbidden_collection(USERS)
        for name in fields:
            if name.partition(".")[0] not in known:
                raise answers.forbidden_field(name.partition(".")[0])
        return [name for name in fields or sorted(known) if self._is_shown(name)]

    def _readable_fields(self) -> frozenset[str]:
        caller = self._caller
        if caller is None:
            return frozenset()
        if caller.is_admin or caller.is_service:
            known = {*PROFILE, *self._state.user_fields}
            return frozenset(known) - self._taken("directus_users.read")
        return self._state.customer_reads

    def _is_shown(self, name: str) -> bool:
        """Leave out what belongs to a role that may not be read."""
        return "." not in name or self._state.role_names_readable

    def check_creatable(self, values: Mapping[str, Any]) -> None:
        """Refuse what the caller may not create."""
        caller = self._caller
        if caller is None and self._state.public_creates:
            allowed = PUBLIC_FIELDS
        elif caller is not None and (caller.is_service or caller.is_admin):
            allowed = SERVICE_FIELDS | {"role", *self._state.user_fields}
            allowed -= self._taken("directus_users.create")
            if "directus_users.create" in self._state.lacks:
                raise answers.forbidden_collection(USERS)
        else:
            raise answers.forbidden_collection(USERS)
        _check_fields(values, allowed)
        customer = self._state.role_id(CUSTOMER)
        if values.get("role", customer) != customer:
            raise answers.failed_validation("role", "eq", valid=customer)
        _check_status(values, [*STATUSES, "invited"])

    def check_writable(self, changes: Mapping[str, Any], user: FakeUser | None) -> None:
        """Refuse what the caller may not change."""
        caller = self._caller
        if caller is None:
            raise answers.forbidden_collection(USERS)
        privileged = caller.is_service or caller.is_admin
        allowed = SERVICE_FIELDS if privileged else self._state.customer_writes
        allowed = allowed | self._state.user_fields.keys()
        if privileged:
            allowed -= self._taken("directus_users.update")
        elif not self._state.customer_writes:
            raise answers.forbidden_collection(USERS)
        _check_fields(changes, allowed)
        if user is None or not self._may_change(caller, user):
            names = ", ".join(f'"{name}"' for name in changes)
            raise answers.forbidden(
                f'You don\'t have permissions to perform "update" for the field(s) '
                f'{names} in collection "{USERS}" or it does not exist.'
            )
        _check_status(changes, STATUSES)

    def check_deletable(self, user: FakeUser | None) -> None:
        """Refuse what the caller may not delete, or is not there."""
        caller = self._caller
        may = caller is not None and (
            caller.is_admin or (caller.is_service and self._state.service_deletes)
        )
        if not may:
            raise answers.forbidden()
        if user is None or not self._may_change(caller, user):
            raise answers.forbidden(
                f'You don\'t have permissions to perform "delete" for collection '
                f'"{USERS}" or it does not exist.'
            )

    def _taken(self, right: str) -> set[str]:
        """Return the fields that a right does not reach, such as `….update:avatar`."""
        fields = (name.partition(":") for name in self._state.lacks)
        return {field for name, _, field in fields if name == right}

    def _may_change(self, caller: Caller, user: FakeUser) -> bool:
        if caller.is_service:
            return user.role == self._state.role_id(CUSTOMER)
        return caller.is_admin or user.id == caller.id


def _check_fields(values: Mapping[str, Any], allowed: set[str]) -> None:
    for name in values:
        if name not in allowed:
            raise answers.forbidden_field(name)


def _check_status(values: Mapping[str, Any], allowed: list[str]) -> None:
    if values.get("status", "active") not in allowed:
        raise answers.failed_validation("status", "in", valid=allowed)
