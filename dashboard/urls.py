"""The addresses of the dashboard. Everything but the login is for people who are logged in."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, path
from django.views.i18n import set_language

from dashboard.pages import View, guard, page
from dashboard.views import (
    campaigns,
    customers,
    decisions,
    evaluation,
    experiment_actions,
    experiment_drafts,
    experiments,
    inbox,
    messages,
    overview,
    recommendations,
    sending,
    templates,
    trials,
    triggers,
)

app_name = "dashboard"


def _page(route: str, view: View, name: str) -> URLPattern:
    return path(route, page(view), name=name)


urlpatterns: list[URLPattern] = [
    path("login/", guard(LoginView.as_view(template_name="dashboard/login.html")), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="language"),
    _page("", overview.show_overview, "overview"),
    _page("campaigns/", campaigns.list_campaigns, "campaigns"),
    _page("campaigns/<slug:key>/", campaigns.show_campaign, "campaign"),
    _page("campaigns/<slug:key>/status/", campaigns.change_status, "campaign_status"),
    _page("campaigns/<slug:key>/cancel/", campaigns.cancel_campaign, "campaign_cancel"),
    _page("campaigns/<slug:key>/trial/", trials.show_trial, "trial"),
    _page("campaigns/<slug:key>/trial/send/", trials.send_trial, "trial_send"),
    _page("triggers/<slug:key>/", triggers.edit_trigger, "trigger"),
    _page("messages/", messages.list_messages, "messages"),
    _page("messages/<uuid:pk>/", messages.show_message, "message"),
    _page("messages/<uuid:pk>/mail/", messages.show_mail, "message_mail"),
    _page("sending/", sending.show_sending, "sending"),
    _page("sending/cancel/", sending.cancel_everything, "sending_cancel"),
    _page("sending/alerts/<int:pk>/", sending.close_alert, "alert"),
    _page("sending/<path:name>/switch/", sending.switch_route, "sending_switch"),
    _page("inbox/", inbox.list_mails, "inbox"),
    _page("inbox/<int:pk>/", inbox.show_preview, "preview"),
    _page("inbox/<int:pk>/mail/", inbox.show_mail, "preview_mail"),
    _page("customers/", customers.find_customers, "customers"),
    _page("customers/<uuid:uuid>/", customers.show_customer, "customer"),
    _page("experiments/", experiments.list_experiments, "experiments"),
    _page("experiments/new/", experiment_drafts.make_draft, "experiment_new"),
    _page("experiments/planner/", experiment_drafts.show_planner, "experiment_planner"),
    _page("experiments/<slug:key>/", experiments.show_experiment, "experiment"),
    _page("experiments/<slug:key>/looks.csv", experiments.export_csv, "experiment_csv"),
    _page("experiments/<slug:key>/report.json", experiments.export_json, "experiment_json"),
    _page("experiments/<slug:key>/edit/", experiment_drafts.edit_draft, "experiment_edit"),
    _page("experiments/<slug:key>/start/", experiment_actions.start_experiment, "experiment_start"),
    _page("experiments/<slug:key>/stop/", experiment_actions.stop_experiment, "experiment_stop"),
    _page("experiments/<slug:key>/restart/", experiment_actions.restart_experiment, "experiment_restart"),
    _page("experiments/<slug:key>/roll-out/", experiment_actions.roll_out_variant, "experiment_roll_out"),
    _page("experiments/<slug:key>/split/", experiment_actions.change_split, "experiment_split"),
    _page("experiments/<slug:key>/automatic/", experiment_actions.change_automatic, "experiment_automatic"),
    _page("templates/", templates.list_templates, "templates"),
    _page("templates/<slug:key>/", templates.show_template, "template"),
    _page("templates/<slug:key>/customers/", templates.search_customers, "template_customers"),
    _page("templates/<slug:key>/proof/", templates.send_proof, "template_proof"),
    _page("templates/<slug:key>/mail/", templates.show_mail, "template_mail"),
    _page("recommendations/", recommendations.show_recommendations, "recommendations"),
    _page("recommendations/evaluation/", evaluation.show_evaluation, "evaluation"),
    _page("recommendations/evaluation/ask/", evaluation.ask_evaluation, "evaluation_ask"),
    _page("recommendations/rules/", decisions.edit_rules, "recommendation_rules"),
    _page("recommendations/rules/<slug:kind>/<int:pk>/remove/", decisions.remove_decision, "decision_remove"),
]
