"""The client portal: what a client sees of their own projects, milestones and billing, and of nobody else's."""

from experience_apis import ExperienceApi
from experience_apis.client_portal.port import ClientPortal
from experience_apis.client_portal.service import Portal
from foundation.api import Api

EXPERIENCE_API = ExperienceApi(
    api=Api(
        name="client-portal",
        layer="experience",
        title="Client portal",
        description="A client's own projects with milestones and billing schedule.",
        ports=(ClientPortal,),
        lookups=("owner_of_project",),
    ),
    implement=Portal,
)
