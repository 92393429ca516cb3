"""The profile page, and the photo."""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.core import audit
from accounts.directus import InvalidPayload, TryLater
from accounts.forms.custom_fields import custom_field
from accounts.forms.profile import PictureForm, ProfileForm
from accounts.mirror.users import note_written
from accounts.profile import fields as profile_fields
from accounts.profile import pictures
from accounts.profile import values as profiles
from accounts.profile.access import NotGranted
from accounts.profile.images import NotAPicture, clean_picture
from accounts.throttling.limits import PICTURES, Attempt
from accounts.web import languages

from .account_pages import AccountFormView, ButtonView

logger = logging.getLogger(__name__)

PICTURE_SECONDS = 3600


class ProfilePageView(AccountFormView):
    """The page with both forms: profile and photo."""

    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")
    belongs_to = "profile"

    @cached_property
    def _described(self):
        return profile_fields.describe(self.request)

    @cached_property
    def _values(self):
        """The values of the added fields in Directus."""
        return profiles.read_values(
            self.request, [field.name for field in self._described[0]]
        )

    def profile_kwargs(self, *, values: dict | None) -> dict:
        """Return the arguments of the profile form; without values, for all fields."""
        fields = filter(None, map(custom_field, self._described[0]))
        shown = [field for field in fields if values is None or field.name in values]
        user = self.request.user
        return {"user": user, "custom_fields": shown, "values": values}

    @property
    def hidden_fields(self) -> list[str]:
        """The names of configured fields that Directus does not return."""
        found, missing = self._described
        unread = [f.name for f in found if f.name not in self._values]
        return missing + unread


class ProfileView(ProfilePageView):
    """Edit the profile in Directus, and the time zone, which the site stores."""

    form_class = ProfileForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | self.profile_kwargs(
            values=self._values_if_there
        )

    @cached_property
    def _values_if_there(self):
        """The values; None if a sent form must be shown without them."""
        try:
            if self.request.trouble:
                raise self.request.trouble
            return self._values
        except TryLater as error:
            if self.request.method != "POST":
                raise
            self.request.trouble = error
            return None

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        hidden = [] if self._values_if_there is None else self.hidden_fields
        if hidden:
            logger.warning(
                "Directus does not show these fields of users: %s. They have to exist, "
                "and directus_setup allows to read them",
                ", ".join(hidden),
            )
        return context | {
            "profile_form": context["form"],
            "picture_form": PictureForm(),
            "hidden_fields": hidden,
        }

    def submit(self, form):
        """Write the changed values to Directus and to the local row."""
        try:
            if form.changes:
                profiles.write_changes(self.request, form.changes)
        except InvalidPayload as error:
            form.refuse(error)
            return self.form_invalid(form)
        except NotGranted as error:
            form.add_error(None, _told(error))
            return self.form_invalid(form)
        self._keep_time_zone(form)
        self._tell(form)
        return HttpResponseRedirect(self.get_success_url())

    def _keep_time_zone(self, form: ProfileForm) -> None:
        if form.has_new_time_zone:
            note_written(self.request.user, time_zone=form.cleaned_data["time_zone"])

    def _tell(self, form: ProfileForm) -> None:
        changed = [*form.changes, *(["time_zone"] if form.has_new_time_zone else [])]
        if not changed:
            return
        user = self.request.user
        fields = ",".join(changed)
        audit.record("profile.changed", self.request, user=user, fields=fields)
        # In the newly chosen language.
        browser = languages.of_request(self.request)
        with translation.override(languages.supported(user.language) or browser):
            messages.success(self.request, _("Profile saved."))


class PictureChangeView(ProfilePageView):
    """Upload a photo from the profile page."""

    form_class = PictureForm
    max_body_bytes = settings.PICTURE_MAX_BYTES

    def get(self, request, *args, **kwargs):
        """Show the page with the form."""
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {
            "picture_form": context["form"],
            "profile_form": self._profile_form(),
        }

    def _profile_form(self) -> ProfileForm | None:
        """Return the profile form; None instead of a form with empty fields."""
        if self.request.trouble:
            return None
        try:
            return ProfileForm(**self.profile_kwargs(values=self._values))
        except TryLater:
            return None

    def submit(self, form):
        """Store the photo, and delete the old one."""
        Attempt(PICTURES, str(self.request.user.pk)).take()
        try:
            content = clean_picture(form.cleaned_data["picture"])
        except NotAPicture as error:
            form.add_error("picture", str(error))
            return self.form_invalid(form)
        try:
            pictures.store(self.request, content)
        except NotGranted as error:
            if not error.is_done:
                form.add_error("picture", _told(error))
                return self.form_invalid(form)
            messages.warning(self.request, _told(error))
        except InvalidPayload:
            form.add_error(
                "picture", _("This photo can't be used. Choose a different one.")
            )
            return self.form_invalid(form)
        audit.record("picture.changed", self.request, user=self.request.user)
        messages.success(self.request, _("Photo saved."))
        return HttpResponseRedirect(self.get_success_url())


class PictureRemoveView(ButtonView):
    """Remove the photo."""

    page = "accounts:profile"

    def post(self, request):
        """Remove the photo, and delete its file."""
        try:
            pictures.remove(request)
        except NotGranted as error:
            messages.warning(request, _told(error))
            if not error.is_done:
                return redirect("accounts:profile")
        audit.record("picture.removed", request, user=request.user)
        messages.success(request, _("Photo removed."))
        return redirect("accounts:profile")


def _told(error: NotGranted) -> str:
    """Log the missing right; return the text for the user."""
    if error.right:
        logger.error(
            "Directus has to allow that %s; directus_setup does that", error.right
        )
    return error.text


class PictureView(View):
    """The photo of the signed-in user, read from Directus with the service token.

    Its address contains the id of the file, so that a new photo is shown at once. A
    browser asks again after an hour, or after another user signs in.
    """

    http_method_names = ["get", "head"]

    def get(self, request):
        """Return the photo, or a placeholder."""
        if request.user.picture_id is None:
            return self._placeholder()
        etag = f'"{request.user.picture_id}"'
        answer = get_conditional_response(request, etag=etag) or self._read(request)
        if "Location" not in answer.headers:
            answer["ETag"] = etag
            answer["Cache-Control"] = f"private, max-age={PICTURE_SECONDS}"
        return answer

    def _read(self, request):
        try:
            picture = pictures.read(request)
        except TryLater:
            picture = None
        if picture is None:
            return self._placeholder()
        answer = HttpResponse(picture.content, content_type=picture.media_type)
        ending = picture.media_type.partition("/")[2]
        answer["Content-Disposition"] = f'inline; filename="picture.{ending}"'
        return answer

    @staticmethod
    def _placeholder():
        return HttpResponseRedirect(static("picture.svg"))
