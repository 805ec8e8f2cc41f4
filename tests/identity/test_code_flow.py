"""Authorization code with PKCE: a person signs in, a client gets tokens, and nobody else does."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from sqlalchemy import update

from gateway.identity import tables
from gateway.identity.tokens import PASSWORD as PASSWORD_ACR
from tests.identity.world import AUDIENCE, BACK, HOST, ISSUER, PASSWORD, VERIFIER, World, sent_back


async def test_a_foreign_client_library_signs_a_person_in(world: World) -> None:
    token = await world.redeem(await world.code(world.url(scope="openid profile email desk:read", nonce="n-1")))
    assert token["token_type"] == "Bearer"
    assert token["scope"] == "openid profile email desk:read"
    who = (await world.verified(token["id_token"])).claims
    assert (who["iss"], who["aud"], who["sub"], who["nonce"]) == (ISSUER, "console", "priya@acme.example", "n-1")
    assert (who["name"], who["email"]) == ("Priya Nair", "priya@acme.example")


async def test_the_answer_names_its_issuer_and_returns_the_state(world: World) -> None:
    back = sent_back(await world.sign_in(world.url()))
    assert (back["state"], back["iss"]) == ("st4te", ISSUER)


async def test_an_access_token_has_the_shape_of_rfc_9068(world: World) -> None:
    token = await world.verified((await world.tokens())["access_token"])
    now = int(world.clock())
    assert token.header["typ"] == "at+jwt"
    assert token.claims.pop("jti")
    assert token.claims.pop("sid")
    assert token.claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "priya@acme.example",
        "client_id": "console",
        "scope": "openid desk:read",
        "roles": ["service_desk"],
        "iat": now,
        "exp": now + 600,
        "auth_time": now,
        "acr": "urn:tiergate:acr:password",
        "amr": ["pwd"],
    }


async def test_a_portal_customers_token_carries_the_account(world: World) -> None:
    token = await world.tokens("phone", "nina@harbor-logistics.example", "portal:read")
    assert (await world.verified(token["access_token"])).claims["account_id"] == "salesforce:001A"


async def test_a_person_gets_no_scope_they_do_not_hold_and_the_answer_says_so(world: World) -> None:
    token = await world.tokens(login="dana@acme.example", scope="openid desk:read desk:act")
    assert token["scope"] == "openid desk:read"


async def test_a_person_who_holds_nothing_of_what_is_asked_is_sent_back_denied(world: World) -> None:
    answer = await world.sign_in(world.url(scope="desk:read"), "nina@harbor-logistics.example")
    assert sent_back(answer)["error"] == "access_denied"


async def test_a_scope_the_client_does_not_have_is_refused_not_dropped(world: World) -> None:
    answer = await world.browser.get(world.url(scope="openid desk:read everything"))
    assert sent_back(answer)["error"] == "invalid_scope"


async def test_without_pkce_there_is_no_code(world: World) -> None:
    query = {"response_type": "code", "client_id": "console", "redirect_uri": BACK, "scope": "desk:read"}
    answer = await world.browser.get("/identity/authorize", params=query)
    assert sent_back(answer)["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["plain", ""])
async def test_a_challenge_by_any_method_but_s256_is_refused(world: World, method: str) -> None:
    query = {"response_type": "code", "client_id": "phone", "redirect_uri": BACK, "code_challenge": VERIFIER}
    answer = await world.browser.get("/identity/authorize", params=query | {"code_challenge_method": method})
    assert sent_back(answer)["error"] == "invalid_request"


@pytest.mark.parametrize("client", ["console", "phone"])
async def test_a_code_without_its_verifier_is_worth_nothing(world: World, client: str) -> None:
    code = await world.code(world.url(client))
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.redeem(code, client, code_verifier="w" * 64)
    assert (await world.redeem(code, client))["access_token"]


async def test_a_code_used_twice_ends_everything_it_gave(world: World) -> None:
    code = await world.code(world.url())
    token = await world.redeem(code)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.redeem(code)
    assert world.identity.revocations.holds((await world.verified(token["access_token"])).claims)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.refresh(token)


async def test_a_code_is_good_for_a_minute(world: World) -> None:
    code = await world.code(world.url())
    world.clock.time += 61
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.redeem(code)


async def test_a_code_is_good_for_its_own_client_only(world: World) -> None:
    code = await world.code(world.url("console"))
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.redeem(code, "foreign")


@pytest.mark.parametrize(
    "uri", ["https://evil.example/back", BACK + "/more", BACK + "?x=1", 'http://127.0.0.1:9000/"<script>']
)
async def test_nobody_is_sent_to_an_address_the_client_did_not_register(world: World, uri: str) -> None:
    answer = await world.browser.get(world.url(redirect_uri=uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script>" not in answer.text


async def test_a_parameter_given_twice_is_refused(world: World) -> None:
    answer = await world.browser.get(world.url() + "&scope=desk:act")
    assert answer.status_code == 400
    assert "more than once" in answer.text


async def test_after_signing_in_no_one_is_led_off_the_issuer(world: World) -> None:
    page = await world.browser.get("/identity/login", params={"to": "https://evil.example/?a=b"})
    answer = await world.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    assert answer.headers["location"].startswith("/identity/authorize?")
    refused = await world.browser.get(answer.headers["location"])
    assert refused.status_code == 400
    assert "location" not in refused.headers


async def test_a_second_client_needs_no_second_sign_in(world: World) -> None:
    await world.code(world.url("console"))
    assert sent_back(await world.browser.get(world.url("phone")))["code"]


async def test_prompt_none_never_shows_a_page(world: World) -> None:
    assert sent_back(await world.browser.get(world.url(prompt="none")))["error"] == "login_required"
    await world.code(world.url())
    assert sent_back(await world.browser.get(world.url(prompt="none")))["code"]
    assert sent_back(await world.browser.get(world.url("foreign", prompt="none")))["error"] == "consent_required"


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "30"}])
async def test_a_client_can_ask_for_a_fresh_sign_in(world: World, wish: dict[str, str]) -> None:
    await world.code(world.url())
    world.clock.time += 31
    asked = await world.browser.get(world.url(**wish))
    assert asked.headers["location"].startswith("/identity/login?")
    token = await world.redeem(await world.code(world.url(**wish)))
    assert (await world.verified(token["access_token"])).claims["auth_time"] == int(world.clock())


async def test_a_way_to_sign_in_that_is_not_ours_is_said_to_be_missing(world: World) -> None:
    """RFC 9470 section 5: the client learns it, instead of getting a weaker token than it asked for."""
    refused = sent_back(await world.browser.get(world.url(acr_values="urn:other:hardware")))
    assert refused["error"] == "unmet_authentication_requirements"
    token = await world.redeem(await world.code(world.url(acr_values=f"urn:other:hardware {PASSWORD_ACR}")))
    assert (await world.verified(token["access_token"])).claims["acr"] == PASSWORD_ACR


async def test_a_foreign_client_needs_the_persons_consent(world: World) -> None:
    page = await world.sign_in(world.url("foreign", "openid desk:read"))
    assert "Allow Foreign Reports?" in page.text
    assert "See runs, cases and their history" in page.text
    denied = await world.submit(page, "consent", decision="deny")
    assert sent_back(denied)["error"] == "access_denied"
    allowed = await world.submit(page, "consent", decision="allow")
    assert (await world.redeem(sent_back(allowed)["code"], "foreign"))["scope"] == "openid desk:read"


async def test_consent_cannot_be_given_from_another_site(world: World) -> None:
    page = await world.sign_in(world.url("foreign"))
    assert (await world.submit(page, "consent", decision="allow", csrf="forged")).status_code == 403


async def test_the_form_may_lead_to_the_client_and_nowhere_else(world: World) -> None:
    asked = await world.browser.get(world.url())
    page = await world.browser.get(asked.headers["location"])
    assert "form-action 'self' http://127.0.0.1:9000" in page.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    stray = await world.browser.get(
        "/identity/login", params={"to": "client_id=console&redirect_uri=https://evil.example"}
    )
    assert "evil.example" not in stray.headers["content-security-policy"]


async def test_a_blocked_person_can_neither_sign_in_nor_go_on(world: World) -> None:
    token = await world.tokens()
    with world.engine.begin() as connection:
        connection.execute(update(tables.users).values(active=False))
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.refresh(token)
    asked = await world.browser.get(world.url())
    assert asked.headers["location"].startswith("/identity/login?")
    page = await world.browser.get(asked.headers["location"])
    assert (await world.submit(page, "login", login="priya@acme.example", password=PASSWORD)).status_code == 422


async def test_a_scope_taken_from_a_person_is_gone_at_the_next_renewal(world: World) -> None:
    token = await world.tokens(scope="openid desk:read desk:act")
    with world.engine.begin() as connection:
        connection.execute(update(tables.users).values(scopes=["desk:read"]))
    assert (await world.refresh(token))["scope"] == "openid desk:read"


async def test_a_resource_asked_for_becomes_the_audience(world: World) -> None:
    desk, portal = f"{AUDIENCE}/desk", f"{AUDIENCE}/portal"
    code = await world.code(world.url() + f"&resource={desk}&resource={portal}")
    token = await world.redeem(code, resource=desk)
    assert (await world.verified(token["access_token"])).claims["aud"] == desk
    both = await world.refresh(token)
    assert (await world.verified(both["access_token"])).claims["aud"] == [desk, portal]
    with pytest.raises(OAuthError, match="invalid_target"):
        await world.refresh(both, resource=f"{AUDIENCE}/other")


async def test_a_resource_of_somebody_else_is_refused(world: World) -> None:
    answer = await world.browser.get(world.url(resource=f"{AUDIENCE}.evil.example"))
    assert sent_back(answer)["error"] == "invalid_target"


async def test_signing_out_ends_the_sign_in_and_leads_back_only_where_registered(world: World) -> None:
    token = await world.tokens()
    hint = {"id_token_hint": token["id_token"], "state": "bye"}
    stray = await world.browser.get(
        "/identity/logout", params=hint | {"post_logout_redirect_uri": "https://evil.example"}
    )
    assert stray.status_code == 200
    assert "You are signed out" in stray.text
    home = await world.browser.get("/identity/logout", params=hint | {"post_logout_redirect_uri": f"{HOST}/desk"})
    assert home.headers["location"] == f"{HOST}/desk?state=bye"
    asked = await world.browser.get(world.url())
    assert asked.headers["location"].startswith("/identity/login?")


async def test_another_site_cannot_sign_a_person_out(world: World) -> None:
    await world.code(world.url())
    page = await world.browser.get("/identity/logout")
    assert "Sign out?" in page.text
    assert sent_back(await world.browser.get(world.url()))["code"]
    assert "You are signed out" in (await world.submit(page, "logout")).text
    asked = await world.browser.get(world.url())
    assert parse_qs(urlsplit(asked.headers["location"]).query)["to"]


async def test_the_cookies_are_hidden_from_scripts_and_other_sites(world: World) -> None:
    asked = await world.browser.get(world.url())
    page = await world.browser.get(asked.headers["location"])
    answer = await world.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    for cookie in httpx.Headers(page.headers).get_list("set-cookie") + answer.headers.get_list("set-cookie"):
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
