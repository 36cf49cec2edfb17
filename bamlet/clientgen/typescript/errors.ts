/** What a server says went wrong, as classes with BAML's names. */

/** The body of an error. What else stands in it depends on `error`. */
export interface Problem {
  error: string;
  message: string;
  run_id?: string | null;
  documentation_url?: string;
  retryable?: boolean;
  [more: string]: unknown;
}

export class BamlError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(problem.message);
    if (options !== undefined) (this as { cause?: unknown }).cause = options.cause;
    this.name = new.target.name;
    this.problem = problem;
  }

  get runId(): string | undefined {
    return this.problem.run_id ?? undefined;
  }
}

export class BamlInvalidArgumentError extends BamlError {}

export class BamlValidationError extends BamlError {}

export class BamlTimeoutError extends BamlError {}

export class BamlAbortError extends BamlError {}

/** The program threw. */
export class BamlUnhandledThrow extends BamlError {
  get value(): unknown {
    return this.problem["value"];
  }
}

/** The provider failed. */
export class BamlClientError extends BamlError {}

export class BamlClientHttpError extends BamlClientError {
  get status_code(): number {
    return this.problem["upstream_status"] as number;
  }
}

export class BamlClientFinishReasonError extends BamlClientError {}

/** The server of the program cannot be reached, or was lost on the way. */
export class BamlConnectionError extends BamlError {}

/** The server speaks otherwise than this client, which another bamlet has made. */
export class BamlProtocolError extends BamlError {}

const CLASSES: { [slug: string]: new (problem: Problem) => BamlError } = {
  bad_request: BamlInvalidArgumentError,
  invalid_argument: BamlInvalidArgumentError,
  option_not_allowed: BamlInvalidArgumentError,
  validation_failure: BamlValidationError,
  finish_reason: BamlClientFinishReasonError,
  timeout: BamlTimeoutError,
  cancelled: BamlAbortError,
  unhandled_throw: BamlUnhandledThrow,
};

export function errorOf(problem: Problem): BamlError {
  if (problem.error === "client_error") {
    const failed = typeof problem["upstream_status"] === "number" ? BamlClientHttpError : BamlClientError;
    return new failed(problem);
  }
  return new (CLASSES[problem.error] ?? BamlError)(problem);
}
