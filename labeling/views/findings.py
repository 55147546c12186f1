"""What the study found so far: figures, tables and files. For researchers, while it runs and after."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from labeling.reading.findings import is_fresh, kept_findings, renewed_findings
from labeling.views.access import SiteRequest, for_researchers, get_study


@require_GET
@for_researchers
def findings_page(request: SiteRequest, public_id: str) -> HttpResponse:
    """The page answers at once with what is kept; its fragment then asks for them renewed."""
    study = get_study(public_id)
    kept = renewed_findings(study) if request.htmx else kept_findings(study)
    context = {"study": study, "snapshot": kept, "is_fresh": is_fresh(study, kept)}
    return render(request, "studies/_findings.html" if request.htmx else "studies/findings.html", context)


@require_GET
@for_researchers
def findings_file(request: SiteRequest, public_id: str, name: str) -> HttpResponse:
    """findings.json or details.json, as `python -m findings` writes them."""
    kept = renewed_findings(get_study(public_id))
    if kept is None:
        raise Http404
    content = kept.findings_json if name == "findings" else kept.details_json
    disposition = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return HttpResponse(content, content_type="application/json", headers=disposition)
