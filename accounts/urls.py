"""Addresses of the account pages."""

from django.urls import path

from .views import (
    account_recovery,
    activity,
    deletion,
    email_change,
    email_verification,
    export,
    invitation,
    language,
    overview,
    password_change,
    password_reset,
    profile,
    reauthentication,
    sessions,
    sign_in,
    sign_up,
    sso,
    sso_problems,
    two_factor,
    webhook,
)

app_name = "accounts"

urlpatterns = [
    path("login/", sign_in.LoginView.as_view(), name="login"),
    path("login/code/", sign_in.LoginCodeView.as_view(), name="login_code"),
    path(
        "login/recovery/",
        account_recovery.AccountRecoveryView.as_view(),
        name="account_recovery",
    ),
    path("sso/code/", sso.SsoCodeView.as_view(), name="sso_code"),
    path("sso/<slug:provider>/", sso.SsoStartView.as_view(), name="sso_start"),
    path("sso/<slug:provider>/again/", sso.SsoAgainView.as_view(), name="sso_again"),
    path(
        "sso/<slug:provider>/problem/<slug:reason>/",
        sso_problems.SsoProblemView.as_view(),
        name="sso_problem",
    ),
    # Directus puts AUTH_ALLOWED_PUBLIC_URLS before its own path.
    path(
        "sso/auth/login/<slug:provider>/callback",
        sso.SsoCallbackView.as_view(),
        name="sso_callback",
    ),
    path("logout/", sign_in.LogoutView.as_view(), name="logout"),
    path("register/", sign_up.SignUpView.as_view(), name="sign_up"),
    path("register/done/", sign_up.SignUpDoneView.as_view(), name="sign_up_done"),
    path(
        "verify-email/",
        email_verification.EmailVerificationView.as_view(),
        name="email_verification",
    ),
    path(
        "verify-email/done/",
        email_verification.EmailVerificationDoneView.as_view(),
        name="email_verification_done",
    ),
    path(
        "request-reset-password/",
        password_reset.PasswordResetView.as_view(),
        name="password_reset",
    ),
    path(
        "request-reset-password/done/",
        password_reset.PasswordResetDoneView.as_view(),
        name="password_reset_done",
    ),
    path(
        "reset-password/",
        password_reset.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "reset-password/done/",
        password_reset.PasswordResetCompleteView.as_view(),
        name="password_reset_complete",
    ),
    path(
        "reset-password/unsure/",
        password_reset.PasswordResetUnsureView.as_view(),
        name="password_reset_unsure",
    ),
    path("language/", language.LanguageView.as_view(), name="language"),
    path("account/overview/", overview.OverviewView.as_view(), name="overview"),
    path("account/sessions/", sessions.SessionsView.as_view(), name="sessions"),
    path("account/activity/", activity.ActivityView.as_view(), name="activity"),
    path("account/export/", export.ExportView.as_view(), name="export"),
    path("account/delete/", deletion.DeletionView.as_view(), name="deletion"),
    path(
        "account/delete/keep/",
        deletion.DeletionCancelView.as_view(),
        name="deletion_cancel",
    ),
    path("invite/", invitation.InvitationView.as_view(), name="invitation"),
    path(
        "invite/done/", invitation.InvitationDoneView.as_view(), name="invitation_done"
    ),
    path(
        "invite/unsure/",
        invitation.InvitationUnsureView.as_view(),
        name="invitation_unsure",
    ),
    path("account/", profile.ProfileView.as_view(), name="profile"),
    path("account/picture/", profile.PictureView.as_view(), name="picture"),
    path(
        "account/picture/change/",
        profile.PictureChangeView.as_view(),
        name="picture_change",
    ),
    path(
        "account/picture/remove/",
        profile.PictureRemoveView.as_view(),
        name="picture_remove",
    ),
    path(
        "account/confirm/",
        reauthentication.ReauthenticationView.as_view(),
        name="reauthentication",
    ),
    path(
        "account/confirm/<slug:provider>/",
        sso.SsoReauthenticationView.as_view(),
        name="sso_reauthentication",
    ),
    path(
        "account/password/",
        password_change.PasswordChangeView.as_view(),
        name="password_change",
    ),
    path(
        "account/password/unsure/",
        password_change.PasswordChangeUnsureView.as_view(),
        name="password_change_unsure",
    ),
    path("account/email/", email_change.EmailChangeView.as_view(), name="email_change"),
    path(
        "account/email/cancel/",
        email_change.EmailChangeCancelView.as_view(),
        name="email_change_cancel",
    ),
    path(
        "account/email/confirm/",
        email_change.EmailChangeConfirmView.as_view(),
        name="email_change_confirm",
    ),
    path(
        "account/email/done/",
        email_change.EmailChangeDoneView.as_view(),
        name="email_change_done",
    ),
    path("account/two-factor/", two_factor.TwoFactorView.as_view(), name="two_factor"),
    path(
        "account/two-factor/set-up/",
        two_factor.SetUpView.as_view(),
        name="two_factor_set_up",
    ),
    path(
        "account/two-factor/codes/",
        two_factor.CodesView.as_view(),
        name="two_factor_codes",
    ),
    path(
        "account/two-factor/codes/file/",
        two_factor.CodesFileView.as_view(),
        name="two_factor_codes_file",
    ),
    path(
        "account/two-factor/again/",
        two_factor.SetUpAgainView.as_view(),
        name="two_factor_again",
    ),
    path(
        "account/two-factor/off/",
        two_factor.TurnOffView.as_view(),
        name="two_factor_turn_off",
    ),
    path(
        "webhooks/directus/",
        webhook.DirectusWebhookView.as_view(),
        name="directus_webhook",
    ),
]
