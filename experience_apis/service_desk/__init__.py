"""The service desk: what needs a person first, what happened to a thing, and the button that settles it.

port.py      its API                     service.py   asks the process tier, shapes the views
pages.py     its pages, by address       render.py    templates, icons, headers
words.py     a sentence for every cause  stories.py   a run told in sentences
timeline.py  a run as a picture          figures.py   money and clocks
"""

from experience_apis import ExperienceApi
from experience_apis.service_desk.pages import PAGES, pages
from experience_apis.service_desk.port import ServiceDesk
from experience_apis.service_desk.service import Desk
from foundation.api import Api

EXPERIENCE_API = ExperienceApi(
    api=Api(
        name="service-desk",
        layer="experience",
        title="Service desk",
        description="The state of all runs, the cases that need a person, and traces by any business key.",
        ports=(ServiceDesk,),
        pages=PAGES,
    ),
    implement=Desk,
    pages=pages,
)
