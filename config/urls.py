"""The site's addresses."""

from django.contrib import admin
from django.urls import include, path

from . import brand_views, health, monitoring

urlpatterns = [
    path("", include("dashboard.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("brand/<str:name>", brand_views.brand_file, name="brand"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", monitoring.show, name="metrics"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"
