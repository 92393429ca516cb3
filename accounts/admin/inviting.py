"""The page on which staff invite a customer."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.request import AuthenticatedRequest

from ..core.service_token import ServiceTokenRefused
from ..flows import invitation_by_staff as invitation
from ..flows.invitation import INVITED
from ..forms.invitation import InvitationForm
from ..operations.suspend import Refused
from ..throttling.limits import Throttled
from ..views.mixins import SiteFormView
from .actions import ResendInvitation, too_many_mails

if TYPE_CHECKING:
    from ..models import User


class InviteView(SiteFormView):
    """Invite a customer, then go to the page of the new user."""

    request: AuthenticatedRequest
    form_class = InvitationForm
    template_name = "admin/accounts/user/invite.html"
    shows_trouble = True
    # The admin of users.
    model_admin: Any = None

    def dispatch(self, request, *args, **kwargs):
        """Refuse staff without the permission, and send nothing that cannot work."""
        if not self.model_admin.may_invite(request):
            raise PermissionDenied("invite_user")
        if request.method == "POST" and invitation.obstacle():
            return self.get(request)
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self):
        return {"language": get_language()}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            **self.model_admin.admin_site.each_context(self.request),
            opts=self.model_admin.opts,
            title=_("Invite a customer"),
            obstacle=invitation.obstacle(),
            **kwargs,
        )

    def submit(self, form):
        """Invite, or say at the form why not."""
        try:
            user = invitation.invite(self.request, form.guest)
        except invitation.Taken as error:
            form.add_error("email", _taken(error))
        except invitation.NotAccepted:
            form.add_error("email", _("Directus doesn't accept this address."))
        except Refused as error:
            form.add_error(None, str(error))
        except ServiceTokenRefused:
            text = _("Directus rejected DIRECTUS_SERVICE_TOKEN. Run directus_setup.")
            form.add_error(None, text)
        except Throttled as error:
            title, text = _("No invitation was sent"), too_many_mails(error)
            return self.trouble(form, 429, title, error.retry_after, text)
        else:
            return self._done(user)
        return self.form_invalid(form)

    def _done(self, user: "User") -> HttpResponse:
        self.model_admin.log_change(self.request, user, _("Invited"))
        text = _("The invitation to %(email)s is on its way.")
        messages.success(self.request, text % {"email": user.email})
        return HttpResponseRedirect(_page_of(user))


def _taken(error: invitation.Taken) -> str:
    """Return the message at the address, with a link to what staff can do."""
    text = _("This address already has an account. Its status is %(status)s.")
    text %= {"status": error.status or _("unknown")}
    if error.user is None:
        return text
    if error.status == INVITED:
        name = f"admin:accounts_user_{ResendInvitation.name}"
        url, label = reverse(name, args=[error.user.pk]), str(ResendInvitation.label)
    else:
        url, label = _page_of(error.user), _("Open the user")
    return format_html('{} <a href="{}">{}</a>', text, url, label)


def _page_of(user: "User") -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])
