"""The names of the workspace's operations, as faults and the count of requests use them."""

from enum import StrEnum


class Operation(StrEnum):
    """One operation of the wire reference."""

    GET_QUEUE_POSITION = "get-queue-position"
    CREATE_JOB = "create-job"
    GET_JOB = "get-job"
    LIST_JOBS = "list-jobs"
    UPDATE_JOB = "update-job"
    CANCEL_JOB = "cancel-job"
    DELETE_JOB = "delete-job"
    GET_SAS_URI = "get-sas-uri"
    OPEN_SESSION = "open-session"
    GET_SESSION = "get-session"
    CLOSE_SESSION = "close-session"
    LIST_SESSIONS = "list-sessions"
    LIST_SESSION_JOBS = "list-session-jobs"
    GET_PROVIDER_STATUS = "get-provider-status"
    GET_QUOTAS = "get-quotas"
    GET_QUOTA_USAGES = "get-quota-usages"
