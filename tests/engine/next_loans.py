"""What the loan of a next release might be: with one command more, behind a patch and without."""

from temporalio import workflow

from workflows.ticket import TicketLoan

with workflow.unsafe.imports_passed_through():
    from domain.plan import LoanRequest
    from workflows import attributes


@workflow.defn(name="TicketLoan")
class NextLoan(TicketLoan):
    """The loan of the next release: it issues one command more, behind a patch."""

    @workflow.init
    def __init__(self, request: LoanRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: LoanRequest) -> str:
        if workflow.patched("mark-at-the-start"):
            workflow.upsert_search_attributes([attributes.NEEDS_ATTENTION.value_set(False)])
        return await super().run(request)


@workflow.defn(name="TicketLoan")
class HastyLoan(TicketLoan):
    """The same command, but forgotten: what runs already knows nothing of it."""

    @workflow.init
    def __init__(self, request: LoanRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: LoanRequest) -> str:
        workflow.upsert_search_attributes([attributes.NEEDS_ATTENTION.value_set(False)])
        return await super().run(request)
