# What a server says went wrong, as classes with BAML's names.

module Baml
  class BamlError < StandardError
    # The body of the error. What stands in it beside `error` and `message` depends on `error`.
    # @return [Hash]
    attr_reader :problem

    def initialize(problem)
      super(problem["message"])
      @problem = problem
    end

    def run_id = @problem["run_id"]

    def retryable? = @problem["retryable"] == true
  end

  class BamlInvalidArgumentError < BamlError; end
  class BamlValidationError < BamlError; end
  class BamlTimeoutError < BamlError; end
  class BamlAbortError < BamlError; end

  # The program threw.
  class BamlUnhandledThrow < BamlError
    def value = @problem["value"]
  end

  # The provider failed.
  class BamlClientError < BamlError; end

  class BamlClientHttpError < BamlClientError
    def status_code = @problem["upstream_status"]
  end

  class BamlClientFinishReasonError < BamlClientError; end

  # The server of the program cannot be reached, or was lost on the way.
  class BamlConnectionError < BamlError; end

  # The server speaks otherwise than this client, which another bamlet has made.
  class BamlProtocolError < BamlError; end

  # The error that a problem stands for.
  # @param problem [Hash]
  def self.error_of(problem)
    kind = problem["error"]
    if kind == "client_error"
      made = problem["upstream_status"].is_a?(Integer) ? BamlClientHttpError : BamlClientError
      return made.new(problem)
    end
    ERRORS.fetch(kind, BamlError).new(problem)
  end

  ERRORS = {
    "bad_request" => BamlInvalidArgumentError,
    "invalid_argument" => BamlInvalidArgumentError,
    "option_not_allowed" => BamlInvalidArgumentError,
    "validation_failure" => BamlValidationError,
    "finish_reason" => BamlClientFinishReasonError,
    "timeout" => BamlTimeoutError,
    "cancelled" => BamlAbortError,
    "unhandled_throw" => BamlUnhandledThrow
  }.freeze
  private_constant :ERRORS
end
