"""An SAP S/4HANA Cloud tenant as we must expect it: V2 services with CSRF tokens, ETags, deep inserts; one of V4.

The firm's three company codes with their sales organizations and posting periods are set up, and one customer is known
already: its orders are blocked. Options register who may sign in (`sign_in.py`) and say what is missing:
`denied_services` (`API_SALES_ORDER_SRV`) are not in the communication arrangement, `hidden_fields`
(`A_SalesContract.YY1_TGKey_SDH`) were never set up. `page_size` is what a page holds at most;
`time_changed_in_place`: see `timesheets.py`, `elements_follow`: see `project_actions.py`, those of batches: `batch.py`.
"""

from calendar import monthrange
from datetime import timedelta
from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record, Sandbox, Store, firm
from system_apis.sap_s4hana.sandbox.errors import ANSWERS
from system_apis.sap_s4hana.sandbox.firm_service import KIND, PERIODS
from system_apis.sap_s4hana.sandbox.project_rules import WORKERS
from system_apis.sap_s4hana.sandbox.routes import ROUTES
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import create, id_of, update

CODES: Final = {"ACME-US": "1710", "ACME-DE": "1010", "ACME-IN": "5510"}
"""Our code -> company code; the sales organization has the same number."""
TAX_TYPES: Final = {"EIN": "US2", "USt-IdNr": "DE0", "GSTIN": "IN3"}
MONTHS_CLOSED: Final = 12
MONTHS_OPEN: Final = 12
"""Besides the current one."""


def seed(box: Box) -> None:
    """A tenant as its administrator would have set it up for us."""
    for entity in firm.ENTITIES:
        code = CODES[entity.code]
        company = {"CompanyCode": code, "CompanyCodeName": entity.name, "Country": entity.country}
        box.store.insert("A_CompanyCode", code, company | {"Currency": entity.currency, "FiscalYearVariant": "K4"})
        box.store.insert(KIND, entity.code, _entity(entity, code))
        _seed_periods(box, code)
    _seed_products(box)
    _seed_workers(box)
    for account in (each for each in firm.ACCOUNTS if each.credit_hold):
        made = create(box, SETS["A_BusinessPartner"], _held(account))
        customer = box.store.get("A_Customer", made["BusinessPartner"])
        assert customer is not None
        update(box, SETS["A_Customer"], customer, {"OrderIsBlockedForCustomer": "01"})


def _entity(entity: firm.LegalEntity, code: str) -> Record:
    return {
        "Code": entity.code,
        "CompanyCode": code,
        "SalesOrganization": code,
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "ReconciliationAccount": "12100000",
        "ResponsibleCostCenter": f"{code}1601",
        "ProfitCenter": "YB900",
        "TimeZone": entity.time_zone,
        "IntercompanyPartners": ";".join(entity.partners),
    }


def _seed_products(box: Box) -> None:
    """What contracts and plans are of, one for each role that is sold, and a discount: each in every sales area."""
    roles = sorted({role.name for deal in firm.deals(box.now().date()) for role in deal.roles})
    named = {"TIERGATE-SERVICES": "Services", "TG11": "Trading good", "DISCOUNT": "Discount"}
    for code, name in (named | {firm.item_code(role): role for role in roles}).items():
        kind = {"ProductType": "HAWA" if code == "TG11" else "SERV", "BaseUnit": "H" if code[:4] == "SVC-" else "EA"}
        product = kind | {"Product": code, "YY1_TGTax_PRD": "S", "YY1_TGKind_PRD": code.lower() * (code == "DISCOUNT")}
        area = {"ProductDistributionChnl": "10", "ItemCategoryGroup": "LEIS"}
        views = {
            "to_Description": [{"Language": "EN", "ProductDescription": name}],
            "to_ProductSales": {"SalesStatus": ""},
            "to_SalesDelivery": [area | {"ProductSalesOrg": each} for each in CODES.values()],
        }
        create(box, SETS["A_Product"], product | views)


def _seed_workers(box: Box) -> None:
    """Who manages projects, once in each company that they do it for: they enter time there."""
    worked_for = sorted({(deal.project_manager, deal.entity) for deal in firm.deals(box.now().date())})
    for number, (email, entity) in enumerate(worked_for, start=20):
        worker = {"Email": email, "CompanyCode": CODES[entity], "ActivityType": "T001"}
        box.store.insert(WORKERS, f"P{number:06}", worker | {"PersonWorkAgreementExternalID": f"P{number:06}"})


def _seed_periods(box: Box, code: str) -> None:
    """Monthly periods around today; the months before this one are closed."""
    today = box.now().date()
    first = today.replace(day=1)
    for _ in range(MONTHS_CLOSED):
        first = (first - timedelta(days=1)).replace(day=1)
    for _ in range(MONTHS_CLOSED + 1 + MONTHS_OPEN):
        last = first.replace(day=monthrange(first.year, first.month)[1])
        name = f"{first:%Y}0{first:%m}"
        period: Record = {"CompanyCode": code, "FiscalYearPeriod": name, "StartDate": first.isoformat()}
        period |= {"EndDate": last.isoformat(), "IsOpen": last >= today.replace(day=1)}
        box.store.insert(PERIODS, f"{code}|{name}", period)
        first = last + timedelta(days=1)


def _held(account: firm.Account) -> Record:
    """A customer SAP knows, under our key, whose orders are blocked."""
    code = CODES[next(each.code for each in firm.ENTITIES if each.currency == account.currency)]
    address = {
        "StreetName": account.street,
        "CityName": account.city,
        "Region": account.subdivision,
        "PostalCode": account.postal,
        "Country": account.country,
    }
    taxes = [{"BPTaxType": TAX_TYPES[account.tax.scheme], "BPTaxNumber": account.tax.number}] if account.tax else []
    area = {"SalesOrganization": code, "DistributionChannel": "10", "Division": "00", "CustomerPaymentTerms": "NT30"}
    return {
        "BusinessPartnerCategory": "2",
        "OrganizationBPName1": account.legal_name,
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU00"}, {"BusinessPartnerRole": "FLCU01"}],
        "to_BusinessPartnerAddress": [address],
        "to_BusinessPartnerTax": taxes,
        "to_BuPaIdentification": [{"BPIdentificationType": "ZTGKEY", "BPIdentificationNumber": account.key}],
        "to_Customer": {
            "to_CustomerCompany": [{"CompanyCode": code, "ReconciliationAccount": "12100000"}],
            "to_CustomerSalesArea": [area | {"Currency": account.currency}],
        },
    }


def enter(box: Box, kind: str, fields: Record) -> str:
    """A record of a seed file, as SAP's own people would have entered it."""
    text = {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in fields.items()}
    made = create(box, SETS[kind], text)
    return id_of(SETS[kind], made)


def _partner_fact(record: Record, store: Store) -> str:
    if record["BusinessPartnerCategory"] == "1":
        names = store.find("A_BuPaIdentification", BusinessPartner=record["BusinessPartner"])
        key = next((each["BPIdentificationNumber"] for each in names), "")
        return f"{record.get('FirstName')} {record.get('LastName')} under {key}" if key else ""
    return f"{record.get('OrganizationBPName1')}, category {record['BusinessPartnerCategory']}"


def _contract_fact(record: Record, _: Store) -> str:
    contract = record.get("YY1_TGContract_SDH")
    return f"contract {contract} of customer {record['SoldToParty']}" if contract else ""


def _order_fact(record: Record, _: Store) -> str:
    job, quote = record.get("YY1_TGProject_SDH"), record.get("YY1_TGQuote_SDH")
    key = record.get("YY1_TGKey_SDH")
    return f"billing of project {job}" if job else f"order of quote {quote} under {key}" if quote else ""


def _project_fact(record: Record, _: Store) -> str:
    return f"{record.get('ProjectDescription')} for customer {record.get('YY1_TGCustomer_PPH')}"


def _element_fact(record: Record, _: Store) -> str:
    ref = record.get("YY1_TGRef_PPE")
    return f"task {ref} of project {record['ProjectUUID']}" if ref else ""


def _time_fact(record: Record, _: Store) -> str:
    key, before = record.get("YY1_TGKey_TIM"), record.get("TimeSheetPredecessorRecord")
    return f"time under {key} in the place of {before or 'none'}" if key else ""


def _request_fact(record: Record, _: Store) -> str:
    key = record.get("YY1_TGKey_SDH")
    return f"{record['YY1_TGName_SDH']} under {key}" if key else ""


def _billed_fact(record: Record, _: Store) -> str:
    return f"billing of {record['ReferenceSDDocument']} {record['ReferenceSDDocumentItem']}"


SANDBOX: Final = Sandbox(
    name="sap_s4hana",
    title="SAP S/4HANA",
    routes=ROUTES,
    seed=seed,
    enter=enter,
    kinds=frozenset(name for name, each in SETS.items() if not each.read_only),
    facts={
        "A_BusinessPartner": _partner_fact,
        "A_SalesContract": _contract_fact,
        "A_SalesOrder": _order_fact,
        "A_EnterpriseProject": _project_fact,
        "A_EnterpriseProjectElement": _element_fact,
        "TimeSheetEntryCollection": _time_fact,
        "A_DebitMemoRequest": _request_fact,
        "A_CreditMemoRequest": _request_fact,
        "A_BillingDocumentItem": _billed_fact,
    },
    answers=ANSWERS,
    volatile=frozenset({"LastChangeDateTime", "LastChangeDate"}),
    options={
        "client_id": "",
        "client_secret": "",
        "user": "",
        "password": "",
        "page_size": 100,
        "time_changed_in_place": False,
        "elements_follow": False,
        "single_change_services": [],
        "change_set_of_one": [400, "/IWBEP/CX_MGW_TECH_EXCEPTION"],
        "batch_malformed": [400, "/IWFND/CM_COS/022"],
        "denied_services": [],
        "hidden_fields": [],
    },
)
