"""What somebody who operates can see: of the manager, of builds, of deployments."""

from __future__ import annotations

from penstock.errors.known import Kind, PenstockError


class ManagementError(PenstockError):
    """What somebody asks of the manager is not of the right form."""

    code = "INVALID_REQUEST"
    kind = Kind.QUERY
    title = "The request is not valid"


class ConflictError(ManagementError):
    """It cannot be done in the state that things are in now."""

    code = "CONFLICT"
    kind = Kind.CONFLICT
    title = "This cannot be done now"


class DeploymentRunningError(ConflictError):
    """One deployment at a time in each environment of an API."""

    code = "DEPLOYMENT_RUNNING"
    title = "A deployment is under way"


class DeploymentFailedError(ManagementError):
    """A deployment that somebody waited for did not come to serve; what served before does."""

    code = "DEPLOYMENT_FAILED"
    kind = Kind.UNFIT
    title = "The deployment failed"


class ChangedError(ManagementError):
    """If-Match names a state that is no more."""

    code = "CHANGED"
    kind = Kind.CHANGED
    title = "It was changed meanwhile"


class UnconditionalError(ManagementError):
    """A change without If-Match, where one is needed."""

    code = "IF_MATCH_REQUIRED"
    kind = Kind.UNCONDITIONAL
    title = "The change must say which state it is of"


class ArtifactError(ManagementError):
    """An artifact that cannot be built, or is damaged, or is none."""

    code = "INVALID_ARTIFACT"
    kind = Kind.UNFIT
    title = "The artifact cannot be used"


class RegistryError(ManagementError):
    """The image registry cannot be reached, or refuses."""

    code = "REGISTRY_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title = "The image registry does not do this"


class DriverError(ManagementError):
    """What runs the nodes refuses to run, stop or show one."""

    code = "DRIVER_REFUSED"
    kind = Kind.UNAVAILABLE
    title = "The nodes' engine refuses"


class DriverUnavailableError(DriverError):
    """What runs the nodes cannot be reached: no Docker, no cluster."""

    code = "DRIVER_UNAVAILABLE"
    title = "The nodes' engine cannot be reached"


class GatewayError(ManagementError):
    """The gateway does not start, or does not take its configuration."""

    code = "GATEWAY_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    title = "The gateway does not work"


class GatewayAwayError(GatewayError):
    """The gateway has ended, or does not answer; the manager starts it again by itself."""

    code = "GATEWAY_AWAY"
    title = "The gateway is away"


class ManagerUnreachableError(ManagementError):
    """No manager answers where one is looked for."""

    code = "MANAGER_UNREACHABLE"
    kind = Kind.UNAVAILABLE
    title = "The manager cannot be reached"


class StorageFullError(ManagementError):
    """The disk has no room for what was to be written; nothing of it was."""

    code = "STORAGE_FULL"
    kind = Kind.FULL
    title = "There is no room on the disk"
