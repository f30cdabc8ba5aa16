"""Who gets which answer from which route: a line for each route, and a column for each caller.

A new route needs a line here. What stands in braces is made for it anew, by the people of
tests/api/world.py: `party` is the borrower of the tickets and the owner of all else.
"""

from typing import Any, Final

CALLERS: Final = ("anonymous", "stranger", "party", "operator", "admin")
# They call in this order: what one of them has done is done when the next one comes.
TABLE: Final = """
    GET    /api/v1/tickets/                                       401 200 200 200 200
    POST   /api/v1/tickets/                                       401 201 201 201 201
    GET    /api/v1/tickets/{ticket_id}/                           401 404 200 200 200
    GET    /api/v1/tickets/{ticket_id}/timeline/                  401 404 200 200 200
    PATCH  /api/v1/tickets/{ticket_id}/accept/                    401 404 403 403 403
    PATCH  /api/v1/tickets/{ticket_id}/decline/                   401 404 403 403 403
    PATCH  /api/v1/tickets/{ticket_id}/cancel/                    401 404 200 403 403
    PATCH  /api/v1/tickets/{ticket_id}/pay/                       401 404 409 403 403
    PATCH  /api/v1/tickets/{ticket_id}/handover/                  401 404 409 403 403
    PATCH  /api/v1/tickets/{ticket_id}/complete/                  401 404 403 403 403
    POST   /api/v1/tickets/{ticket_id}/extension/                 401 404 409 403 403
    PATCH  /api/v1/tickets/{ticket_id}/extension/answer/          401 404 403 403 403
    POST   /api/v1/tickets/{ticket_id}/dispute/                   401 404 409 403 403
    PATCH  /api/v1/tickets/{ticket_id}/dispute/answer/            401 404 409 403 403
    PATCH  /api/v1/tickets/{ticket_id}/dispute/resolve/           401 404 403 409 409
    POST   /api/v1/tickets/{ticket_id}/dispute/notes/             401 404 409 409 409
    GET    /api/v1/tickets/{ticket_id}/dispute/notes/             401 404 200 200 200
    GET    /api/v1/tickets/{ticket_id}/preview/{action}/          401 404 200 403 403
    GET    /api/v1/tickets/{ticket_id}/events/                    401 404 200 404 404
    GET    /api/v1/events/                                        401 200 200 200 200

    GET    /api/v1/assets/                                        200 200 200 200 200
    POST   /api/v1/assets/                                        401 201 201 201 201
    GET    /api/v1/assets/{asset_id}/                             200 200 200 200 200
    PATCH  /api/v1/assets/{asset_id}/                             401 404 200 404 404
    DELETE /api/v1/assets/{asset_id}/                             401 404 204 404 404
    GET    /api/v1/assets/{asset_id}/availability/                200 200 200 200 200

    POST   /api/v1/auth/register/                                 201 201 201 201 201
    POST   /api/v1/auth/login/                                    401 401 401 401 401
    POST   /api/v1/auth/token/                                    401 401 401 401 401
    POST   /api/v1/auth/refresh/                                  401 401 401 401 401
    POST   /api/v1/auth/logout/                                   401 204 204 204 204
    POST   /api/v1/auth/logout-all/                               401 204 204 204 204
    GET    /api/v1/auth/csrf/                                     401 200 200 200 200
    GET    /api/v1/auth/me/                                       401 200 200 200 200
    PATCH  /api/v1/auth/me/                                       401 200 200 200 200
    GET    /api/v1/auth/sessions/                                 401 200 200 200 200
    DELETE /api/v1/auth/sessions/{session_id}/                    401 404 204 404 404
    POST   /api/v1/auth/password/change/                          401 401 401 401 401
    POST   /api/v1/auth/password/reset/                           202 202 202 202 202
    POST   /api/v1/auth/password/reset/confirm/                   422 422 422 422 422
    POST   /api/v1/auth/email/verify/                             401 429 429 429 429
    POST   /api/v1/auth/email/verify/confirm/                     422 422 422 422 422
    POST   /api/v1/auth/phone/verify/                             401 422 422 422 422
    POST   /api/v1/auth/phone/verify/confirm/                     401 422 422 422 422
    GET    /api/v1/auth/oauth/                                    200 200 200 200 200
    GET    /api/v1/auth/oauth/{provider}/login/                   302 302 302 302 302
    GET    /api/v1/auth/oauth/{provider}/callback/                303 303 303 303 303
    POST   /api/v1/auth/oauth/{provider}/link/                    401 200 200 200 200
    GET    /api/v1/auth/identities/                               401 200 200 200 200
    DELETE /api/v1/auth/identities/{provider}/                    401 404 404 404 404

    GET    /api/v1/wallet/                                        401 200 200 200 200
    GET    /api/v1/wallet/entries/                                401 200 200 200 200
    POST   /api/v1/wallet/transfer/                               401 409 201 409 409
    GET    /api/v1/wallet/transfer/{transfer_id}/                 401 404 200 200 200
    POST   /api/v1/wallet/withdrawals/                            401 409 201 409 409
    GET    /api/v1/wallet/withdrawals/                            401 200 200 200 200
    GET    /api/v1/wallet/withdrawals/{withdrawal_id}/            401 404 200 404 404
    GET    /api/v1/payments/verify/                               303 303 303 303 303
    POST   /api/v1/payments/initiate/                             401 201 201 201 201
    GET    /api/v1/payments/                                      401 200 200 200 200
    GET    /api/v1/payments/{payment_id}/                         401 404 200 200 200

    GET    /api/v1/notifications/                                 401 200 200 200 200
    PATCH  /api/v1/notifications/{notification_id}/read/          401 404 200 404 404
    GET    /api/v1/notifications/preferences/                     401 200 200 200 200
    PUT    /api/v1/notifications/preferences/                     401 200 200 200 200

    GET    /api/v1/reports/summary/                               401 403 403 200 200
    GET    /api/v1/reports/daily/                                 401 403 403 200 200
    GET    /api/v1/reports/me/                                    401 200 200 200 200
    GET    /api/v1/ops/tickets/                                   401 403 403 200 200
    GET    /api/v1/ops/ledger/verify/                             401 403 403 200 200
    GET    /api/v1/ops/ledger/transactions/{transaction_id}/      401 403 403 200 200
    GET    /api/v1/ops/ledger/reversals/                          401 403 403 200 200
    POST   /api/v1/ops/ledger/reversals/                          401 403 403 201 409
    GET    /api/v1/ops/ledger/reversals/{reversal_id}/            401 403 403 200 200
    PATCH  /api/v1/ops/ledger/reversals/{reversal_id}/approve/    401 403 403 200 409
    PATCH  /api/v1/ops/ledger/reversals/{reversal_id}/reject/     401 403 403 200 409
    GET    /api/v1/ops/withdrawals/                               401 403 403 200 200
    GET    /api/v1/ops/withdrawals/{withdrawal_id}/               401 403 403 200 200
    PATCH  /api/v1/ops/withdrawals/{withdrawal_id}/approve/       401 403 403 200 409
    PATCH  /api/v1/ops/withdrawals/{withdrawal_id}/reject/        401 403 403 200 409
    PATCH  /api/v1/ops/withdrawals/{withdrawal_id}/paid/          401 403 403 409 409
    PATCH  /api/v1/ops/withdrawals/{withdrawal_id}/failed/        401 403 403 409 409
    GET    /api/v1/ops/payments/                                  401 403 403 200 200
    POST   /api/v1/ops/payments/{payment_id}/reverse/             401 403 403 409 409
    POST   /api/v1/ops/payments/{payment_id}/reconcile/           401 403 403 200 200
    GET    /api/v1/ops/messages/                                  401 403 403 200 200
    POST   /api/v1/ops/messages/{message_id}/resend/              401 403 403 200 409
    GET    /api/v1/ops/attention/                                 401 403 403 200 200
    POST   /api/v1/ops/workflows/{workflow_id}/decide/            401 403 403 409 409
    GET    /api/v1/ops/findings/                                  401 403 403 200 200
    GET    /api/v1/ops/users/                                     401 403 403 200 200
    GET    /api/v1/ops/users/{user_id}/                           401 403 403 200 200
    PATCH  /api/v1/ops/users/{user_id}/                           401 403 403 403 200
    GET    /api/v1/ops/audit/                                     401 403 403 200 200

    GET    /api/v1/webhooks/{provider}/                           404 404 404 404 404
    POST   /api/v1/webhooks/{provider}/                           404 404 404 404 404

    GET    /healthz                                               200 200 200 200 200
    GET    /readyz                                                200 200 200 200 200
    GET    /metrics                                               200 200 200 200 200
    POST   /codec/encode                                          401 403 403 200 200
    POST   /codec/decode                                          401 403 403 200 200
"""
LINES: Final = [line.split() for line in TABLE.splitlines() if line.strip()]
EXPECTED: Final = {
    (method, path): dict(zip(CALLERS, map(int, statuses), strict=True))
    for method, path, *statuses in LINES
}
# Two lines about one route would hide one of them.
assert len(EXPECTED) == len(LINES)

# What is sent, where it is not nothing. In braces as above.
TOKEN: Final = "R3x0m5yZb1lQ8sUuQ0o4kq2m8v7c6b5a4n3d2f1g0hj"
CREDENTIALS: Final = {"email": "{new_email}", "password": "correct horse battery"}
IBAN: Final = "IR062960000000100324200001"
BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/api/v1/tickets/"): {"asset_id": "{their_asset_id}", "days": 3},
    ("POST", "/api/v1/tickets/{ticket_id}/extension/"): {"ends_at": "{later}"},
    ("PATCH", "/api/v1/tickets/{ticket_id}/extension/answer/"): {"answer": "accept"},
    ("POST", "/api/v1/tickets/{ticket_id}/dispute/"): {"claim": "1", "reason": "It is scratched."},
    ("PATCH", "/api/v1/tickets/{ticket_id}/dispute/answer/"): {"answer": "accept"},
    ("PATCH", "/api/v1/tickets/{ticket_id}/dispute/resolve/"): {
        "to_lender": "300000", "to_borrower": "500000", "note": "It is small.",
    },
    ("POST", "/api/v1/tickets/{ticket_id}/dispute/notes/"): {"note": "It was so before."},
    ("POST", "/api/v1/assets/"): {
        "title": "Drill", "daily_fee": 100_000, "deposit": 500_000, "max_days": 30,
    },
    ("PATCH", "/api/v1/assets/{asset_id}/"): {"title": "Hammer"},
    ("POST", "/api/v1/auth/register/"): {
        **CREDENTIALS, "full_name": "Sara Ahmadi",
    },
    ("POST", "/api/v1/auth/login/"): CREDENTIALS,
    ("POST", "/api/v1/auth/token/"): CREDENTIALS,
    ("POST", "/api/v1/auth/refresh/"): {"refresh_token": TOKEN},
    ("PATCH", "/api/v1/auth/me/"): {"full_name": "Leila Karimi"},
    ("POST", "/api/v1/auth/password/change/"): {
        "current_password": "not this one", "new_password": "purple monkey dishwasher 9",
    },
    ("POST", "/api/v1/auth/password/reset/"): {"email": "nobody@example.test"},
    ("POST", "/api/v1/auth/password/reset/confirm/"): {
        "token": TOKEN, "new_password": "purple monkey dishwasher 9",
    },
    ("POST", "/api/v1/auth/email/verify/confirm/"): {"token": TOKEN},
    ("POST", "/api/v1/auth/phone/verify/confirm/"): {"code": "123456"},
    ("POST", "/api/v1/auth/oauth/{provider}/link/"): {},
    ("POST", "/api/v1/wallet/transfer/"): {"to": "{lender_id}", "amount": "1000"},
    ("POST", "/api/v1/wallet/withdrawals/"): {"amount": "10000", "iban": IBAN},
    ("POST", "/api/v1/payments/initiate/"): {"amount": 10_000},
    ("POST", "/api/v1/ops/ledger/reversals/"): {
        "transaction_id": "{transaction_id}", "reason": "Sent twice",
    },
    ("PATCH", "/api/v1/ops/ledger/reversals/{reversal_id}/reject/"): {"note": "no"},
    ("PATCH", "/api/v1/ops/withdrawals/{withdrawal_id}/reject/"): {"note": "no"},
    ("PATCH", "/api/v1/ops/withdrawals/{withdrawal_id}/paid/"): {"bank_reference": "R1"},
    ("PATCH", "/api/v1/ops/withdrawals/{withdrawal_id}/failed/"): {"note": "closed"},
    ("PUT", "/api/v1/notifications/preferences/"): {
        "preferences": [{"kind": "ticket_ended", "channel": "sms", "is_wanted": True}],
    },
    ("POST", "/api/v1/ops/payments/{payment_id}/reverse/"): {"reason": "Paid twice"},
    ("POST", "/api/v1/ops/workflows/{workflow_id}/decide/"): {"action": "retry", "note": "Go on"},
    ("PATCH", "/api/v1/ops/users/{user_id}/"): {"role": "operator"},
    ("POST", "/codec/encode"): {"payloads": []},
    ("POST", "/codec/decode"): {"payloads": []},
}  # fmt: skip
