"""The console's sentences for what a guard refuses, by the guard's id: what is the matter, and what settles it.

What a refusal costs is the same for all guards of a workflow (`words.REFUSED`), unless a row says otherwise.
"""

from collections.abc import Mapping
from typing import Final

from experience_apis.service_desk.sentences import Sentences

_OF_DEALS: Final[Mapping[str, Sentences]] = {
    "legal_entity": Sentences(
        "The selling company is not open in the ERP.", "Finance opens it or the deal names another."
    ),
    "intercompany": Sentences(
        "Another company of the firm delivers, and the two have no intercompany agreement.",
        "Finance records the agreement, or the delivery moves.",
    ),
    "delivery_entity": Sentences(
        "A company of the firm that shall deliver is not open in its ERP.", "Finance opens it, or the delivery moves."
    ),
    "tax_profile": Sentences(
        "{customer} has no valid tax registration.", "The account’s owner adds the registration in the CRM, then retry."
    ),
    "signed_contract": Sentences(
        "The contract is not signed.",
        "Legal gets it signed, or a director approves the work at risk with a cap and an end date.",
    ),
    "at_risk": Sentences(
        "Work begins before the contract is signed, on an approval.", "Legal gets it signed before the approval ends."
    ),
    "at_risk_ended": Sentences(
        "Work goes on unsigned, and the day of its approval is over.",
        "Legal gets the contract signed, or a director extends the approval in the CRM, then retry.",
        "What is worked on {deal} from now on may never be paid.",
    ),
    "at_risk_cap": Sentences(
        "The deal comes to more than the approval to work unsigned covers.",
        "Legal gets the contract signed, or Finance raises the cap or waives the rule in the CRM, then retry.",
    ),
    "contract_free": Sentences(
        "Another deal is billed by this contract already.",
        "Link the deal’s own contract, or close it as a duplicate. Once the other run is cancelled, retry.",
        "A second one would put its own amount over the contract’s. It was stopped before the first write.",
    ),
    "second_customer": Sentences(
        "The books may have {customer} already, and nobody has decided whether it is the same.",
        "The account steward links the two or closes the case that names them, then retry; or Finance lets it pass.",
        "A second customer would split what it owes, so it was stopped before the first write.",
    ),
    "credit_hold": Sentences(
        "{customer} is on credit hold.", "Finance releases the customer in the ERP, then retry. Nobody else can."
    ),
    "currency": Sentences(
        "Deal, quote and contract are not in one currency.",
        "The deal’s owner corrects the currency in the CRM, then retry.",
    ),
    "quote_total": Sentences(
        "The quote’s total is not the deal’s amount.",
        "The deal’s owner brings the two together in the CRM, then retry.",
    ),
    "quote_accepted": Sentences("The quote is not accepted.", "The deal desk has the client accept it, then retry."),
    "rate_card": Sentences("A role has no rate over the whole time.", "The deal desk completes the rates, then retry."),
    "purchase_order": Sentences(
        "{customer} demands a purchase order number, and the deal has none.",
        "The account’s owner adds the number in the CRM, then retry, or Finance lets it pass without one.",
    ),
    "duplicate_project": Sentences(
        "This deal has a project already.",
        "Open the project that is there. If it is the right one, close this case.",
        "A second one would bill the same work twice, so it was stopped before the first write.",
    ),
    "project_manager_active": Sentences(
        "The project manager is not employed over the whole of the work.",
        "Delivery names another manager on the deal, or resource management waives the rule in the CRM, then retry.",
    ),
    "period_open": Sentences(
        "The accounting period of the first day is closed.", "Finance reopens the period, or the deal starts later."
    ),
}
_OF_ORDERS: Final[Mapping[str, Sentences]] = {
    "latest_revision": Sentences(
        "There is a later revision of the quote, or another one is ordered already.",
        "The deal desk has the latest one accepted, or closes this case.",
    ),
    "signed": Sentences("The quote is not signed.", "The deal desk has the client sign it, then retry."),
    "validity": Sentences(
        "The quote was signed after the day it was valid to.",
        "The deal desk extends it in the CRM, then retry, or approves it as it is.",
    ),
    "expired": Sentences(
        "The quote was signed long after the day it was valid to.",
        "The deal desk offers it anew. So late nobody approves it.",
    ),
    "discount_authority": Sentences(
        "The discount is more than anybody has approved.",
        "The deal desk approves it for this revision, or the quote is offered anew with a smaller one.",
    ),
    "margin_floor": Sentences(
        "What is left of the price is below the floor.",
        "Finance approves it for this revision, or the quote is offered anew at another price.",
    ),
    "items": Sentences(
        "The ERP does not know what is sold.", "Product data adds the item, or corrects its code, then retry."
    ),
    "active_items": Sentences(
        "An item is inactive in the ERP.", "Product data opens the item again, or the quote sells another, then retry."
    ),
    "list_price": Sentences(
        "The quote was made from another list price than the ERP has.",
        "Product data brings the price lists together, then retry.",
    ),
    "tax_class": Sentences("An item has no tax class in the ERP.", "Finance says how it is taxed, then retry."),
    "tax_included": Sentences(
        "A price has tax in it, and the quote does not say which.",
        "The deal desk adds the rate to the line, then retry.",
    ),
    "line_amounts": Sentences(
        "A line is negative that is no discount, or has no quantity.", "The deal desk corrects the line, then retry."
    ),
    "credit_limit": Sentences(
        "The order is more than the credit limit of {customer}.",
        "Credit control raises the limit in the ERP, then retry, or approves this one order.",
    ),
    "earlier_order": Sentences(
        "What was ordered of an earlier revision is billed already.", "Finance credits it first, then retry."
    ),
    "billed_once": Sentences(
        "The deal’s contract is billed as an order already.",
        "Finance decides which of the two bills the work, and closes the other, then retry.",
    ),
    "crm_order": Sentences(
        "The CRM has an order of this quote that is another one, or was ordered elsewhere.",
        "The deal desk mends or cancels that order in the CRM, or says of which quote it is, then retry.",
    ),
}
_OF_SETUPS: Final[Mapping[str, Sentences]] = {
    "project_open": Sentences(
        "The project is not active everywhere it is kept.", "The PMO activates it where it is not, then retry."
    ),
    "project_code": Sentences(
        "The record under our key has another project code.",
        "The PMO says which project the code belongs to, then retry.",
    ),
    "contract_dates": Sentences(
        "Work is planned for days on which the contract is not in force.",
        "The PMO moves the work, or Legal extends the contract, then retry.",
    ),
    "contract_lines": Sentences(
        "A task that is billed belongs to no line of the contract.",
        "The PMO names the line that pays for it, or says it is not billed, then retry.",
    ),
    "moved_with_time": Sentences(
        "A task on which time was entered would be paid by another line of the contract.",
        "The PMO leaves the task where it is and plans a new one on the other line, then retry.",
    ),
    "unique_tasks": Sentences(
        "Two tasks cannot be told from each other.", "The PMO gives each its own reference and name, then retry."
    ),
    "short_codes": Sentences(
        "Two tasks have the same code once it is cut to what the ERP keeps.",
        "The PMO shortens the references, then retry.",
    ),
    "rates": Sentences(
        "There is no price for each role over the whole of the work.",
        "The deal desk names a rate card that is in force, or completes it, then set the project up again.",
    ),
    "approver": Sentences("Nobody would approve the time.", "The PMO names who does, then set the project up again."),
    "self_approval": Sentences(
        "The project manager would approve their own time.", "The PMO names a second person who approves, then retry."
    ),
    "accounting": Sentences(
        "The ERP could not account for the project.", "Finance mends what is named in the ERP, then retry."
    ),
    "calendar": Sentences(
        "The calendar is that of another country than the company’s.",
        "The PMO asks for the company’s own calendar, then set the project up again.",
    ),
    "people_active": Sentences(
        "Somebody named is not an active employee.", "The PMO names another person, then retry."
    ),
    "team_active": Sentences(
        "Somebody of the team does not work here all the time.", "The PMO names another person, or lets it be."
    ),
}
_OF_STANDING_DOWN: Final[Mapping[str, Sentences]] = {
    "unbilled_actuals": Sentences(
        "Work or expenses are on no invoice, and the contract is closed or the deal is lost.",
        "Finance bills it or writes it off in the PSA, then retry: the contract is closed after that.",
        "Bookings and requests of {deal} are withdrawn. Its contract stays open in the ERP so that this can be billed.",
    ),
}
_OF_CONTRACTS: Final[Mapping[str, Sentences]] = {
    "agreement_signed": Sentences(
        "The contract or the amendment is not signed and in force.", "Legal operations gets it signed, then retry."
    ),
    "executed_document": Sentences(
        "Nobody can tell which document was signed, or it is another one by now.",
        "Legal operations records the executed document’s hash in the CRM, then retry.",
    ),
    "paper_checked": Sentences(
        "It was signed on paper, and nobody has checked what was typed in of it.",
        "Legal operations compares the scan with the CRM and waives the rule there, then retry.",
    ),
    "contract_metadata": Sentences(
        "What billing needs to know is missing in the CRM.",
        "Legal operations fills in what the evidence names, then retry.",
    ),
    "agreement_lines": Sentences(
        "The lines do not sum to what was signed.", "The deal desk corrects the lines in the CRM, then retry."
    ),
    "contract_quote": Sentences(
        "The contract is not what the quote was accepted at.",
        "The deal desk brings quote and contract together, then retry.",
    ),
    "contract_currency": Sentences(
        "Not everything is in the contract’s currency.",
        "Legal operations corrects it. A switch of currency takes a new contract: end this one, then sign that.",
    ),
    "not_to_exceed": Sentences(
        "The contract comes to more than its limit allows.",
        "The deal desk has the limit raised by an amendment, then retry.",
    ),
    "master_agreement": Sentences(
        "The work is not within its master agreement.",
        "Legal operations renews the master agreement, or waives the rule in the CRM, then retry.",
    ),
    "overlapping_work": Sentences(
        "Another contract of {customer} covers the same work at the same time.",
        "Legal operations ends one of them, or waives the rule in the CRM, then retry.",
    ),
    "one_agreement": Sentences(
        "Two documents are signed for one deal.", "Legal operations voids the one that does not count, then retry."
    ),
    "amendments_in_order": Sentences(
        "An earlier amendment comes first.", "Settle and carry the earlier amendment, then retry."
    ),
    "last_agreed": Sentences(
        "The amendment changes a version that is not the last one agreed.",
        "Legal operations has it signed anew on top of the last one, and voids this one.",
    ),
    "carried_once": Sentences(
        "Another document was carried for the same version already.",
        "What is agreed is not edited: legal operations agrees to an amendment.",
    ),
    "contract_entity": Sentences(
        "The contract is billed by another company of the firm, or by none.",
        "Finance ends it there by an amendment, and legal operations signs one with the other company.",
    ),
    "agreement_dates": Sentences(
        "The dates contradict each other.", "Legal operations corrects the dates in the CRM, then retry."
    ),
    "contract_open": Sentences(
        "The contract is closed in the ERP.", "Finance says whether it is over; if it is, close this case."
    ),
    "effective_period": Sentences(
        "It takes effect in an accounting period that is closed.",
        "Finance waives the rule in the CRM, or the amendment takes effect later, then retry.",
    ),
    "retroactive": Sentences(
        "It reaches back over invoices that do not know it.",
        "Finance credits and bills anew what the evidence names, or waives the rule in the CRM, then retry.",
    ),
    "already_billed": Sentences(
        "More is billed than the contract comes to now.", "Finance credits the difference first, then retry."
    ),
    "unbilled_work": Sentences(
        "The contract ends while approved work is not billed.",
        "Finance bills the work or writes it off, or waives the rule in the CRM, then retry.",
    ),
    "price_uplift": Sentences(
        "The renewal does not follow the contract’s own price uplift.",
        "The deal desk has the renewal priced as the evidence says, and signed anew.",
    ),
}
_EXCEPTED: Final = "Resource management excepts it for this one booking, or refuses the booking."
_OF_STAFFING: Final[Mapping[str, Sentences]] = {
    "employment": Sentences("The employment ends before the booking does.", "Propose somebody else, or end sooner."),
    "contractor_end": Sentences(
        "The contractor’s purchase order ends before the booking does, or there is none.",
        "Procurement extends the order, then retry.",
    ),
    "absence": Sentences("The person is away on a day of the booking.", "Move the booking, or propose somebody else."),
    "overbooking": Sentences("The person’s hours are held by others already.", _EXCEPTED),
    "work_authorisation": Sentences(
        "There is no right to work in that country until the end.", "HR records the permit, or somebody else is booked."
    ),
    "conflict_of_interest": Sentences(
        "There is a wall between this person and the customer.",
        "Risk excepts it for this one booking, or the booking is refused.",
    ),
    "rate_floor": Sentences(
        "The bill rate is below the floor of the grade.",
        "Finance excepts it for this one booking, or the booking is refused.",
    ),
    "lending_agreement": Sentences(
        "The company that employs this person lends nobody to the one that asks.",
        "Finance of the lender excepts it for this one booking, or records the agreement, then retry.",
    ),
    "consecutive_weeks": Sentences("It makes more weeks on end than one may be booked.", _EXCEPTED),
    "skills": Sentences("A skill that is asked for is not there at that level.", _EXCEPTED),
}
GUARDS: Final[Mapping[str, Sentences]] = {
    **_OF_STAFFING,
    **_OF_DEALS,
    **_OF_ORDERS,
    **_OF_SETUPS,
    **_OF_STANDING_DOWN,
    **_OF_CONTRACTS,
}
