"""Builds of the workers: which one takes what is new, and what still runs on those before it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypedDict

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.enums.v1 import (
    RoutingConfigUpdateState,
    TaskQueueType,
    WorkerDeploymentVersionStatus,
)
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from engine import lifetimes

_PAUSE_S: Final = 0.2
_KINDS: Final = (
    TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
)
_PREFIX: Final = "WORKER_DEPLOYMENT_VERSION_STATUS_"
_NOT_YET: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION})


class NoSuchWorkers(RuntimeError):
    """No worker of the build has asked for work on all of its queues."""


class AsBuild(TypedDict, total=False):
    """What a worker is told when it is versioned."""

    deployment_config: WorkerDeploymentConfig
    workflow_runner: WorkflowRunner


def as_build(deployment: str, build_id: str | None) -> AsBuild:
    """Return what makes a worker one of this build; without a build it is unversioned."""
    if not build_id:
        return {}
    config = WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment, build_id),
        use_worker_versioning=True,
        default_versioning_behavior=lifetimes.OTHERS,
    )
    runner = SandboxedWorkflowRunner(runner_class=lifetimes.ByLifetime)
    return {"deployment_config": config, "workflow_runner": runner}


@dataclass(frozen=True)
class Build:
    """What the server tells about one build.

    Attributes:
        status: `current`, `draining` while pinned runs are open, `drained`, or `inactive`.
        pinned: Open runs that end on this build and on no other.
        last_seen: Open runs that go on with the current build, but were last worked on here.
    """

    build_id: str
    status: str
    pinned: int
    last_seen: int

    def __str__(self) -> str:
        runs = f"{self.pinned} open runs end here, {self.last_seen} were here last"
        return f"{self.build_id}: {self.status}; {runs}"


@dataclass(frozen=True)
class Deployment:
    """The builds of one name, as the server keeps them."""

    client: Client
    name: str

    async def make_current(
        self, build_id: str, queues: Collection[str], patience: timedelta
    ) -> str | None:
        """Give what is new to a build once its workers are there. Safe to repeat.

        Returns:
            The build that was current before, None if there was none.

        Raises:
            NoSuchWorkers: They are not there, or not on all queues, when the patience is over.
        """
        try:
            async with asyncio.timeout(patience.total_seconds()):
                wanted = {(queue, kind) for queue in queues for kind in _KINDS}
                await _until(lambda: self._are_polled(build_id, wanted))
                before = await self._set_current(build_id)
                await _until(self._is_routed)
        except TimeoutError:
            asked = ", ".join(sorted(queues))
            raise NoSuchWorkers(
                f"no workers of build {build_id!r} of {self.name!r} on {asked}: is one running "
                f"with WORKER_DEPLOYMENT={self.name} and WORKER_BUILD_ID={build_id}?"
            ) from None
        return before

    async def builds(self) -> Sequence[Build]:
        """List the builds, the newest first; none if there never was a versioned worker."""
        info = await self._described()
        return [
            Build(
                build_id=one.deployment_version.build_id,
                status=WorkerDeploymentVersionStatus.Name(one.status).removeprefix(_PREFIX).lower(),
                pinned=await self._open(one.deployment_version.build_id, "Pinned"),
                last_seen=await self._open(one.deployment_version.build_id, "AutoUpgrade"),
            )
            for one in info.version_summaries
        ]

    async def current(self) -> str | None:
        """Return the build that takes what is new, None while there is none."""
        info = await self._described()
        return info.routing_config.current_deployment_version.build_id or None

    async def _described(self) -> WorkerDeploymentInfo:
        request = DescribeWorkerDeploymentRequest(
            namespace=self.client.namespace, deployment_name=self.name
        )
        try:
            answer = await self.client.workflow_service.describe_worker_deployment(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return WorkerDeploymentInfo()
            raise
        return answer.worker_deployment_info

    async def _are_polled(
        self, build_id: str, wanted: AbstractSet[tuple[str, TaskQueueType.ValueType]]
    ) -> bool:
        request = DescribeWorkerDeploymentVersionRequest(
            namespace=self.client.namespace,
            deployment_version=Version(deployment_name=self.name, build_id=build_id),
        )
        service = self.client.workflow_service
        try:
            answer = await service.describe_worker_deployment_version(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return wanted <= {(queue.name, queue.type) for queue in answer.version_task_queues}

    async def _set_current(self, build_id: str) -> str | None:
        """Set it, again and again while the server does not see the workers yet."""
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=self.client.namespace,
            deployment_name=self.name,
            build_id=build_id,
            identity=self.client.identity,
        )
        service = self.client.workflow_service
        while True:
            before = await self.current()
            try:
                await service.set_worker_deployment_current_version(request)
            except RPCError as error:
                if error.status not in _NOT_YET:
                    raise
                await asyncio.sleep(_PAUSE_S)
            else:
                return before

    async def _is_routed(self) -> bool:
        """Whether all queues know: until then some of what is new goes to the build before."""
        state = (await self._described()).routing_config_update_state
        return state != RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS

    async def _open(self, build_id: str, behavior: str) -> int:
        counted = await self.client.count_workflows(
            f'ExecutionStatus = "Running" AND TemporalWorkflowVersioningBehavior = "{behavior}" '
            f'AND TemporalWorkerDeploymentVersion = "{self.name}:{build_id}"'
        )
        return counted.count


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110  (the server sets no event of ours)
        await asyncio.sleep(_PAUSE_S)
