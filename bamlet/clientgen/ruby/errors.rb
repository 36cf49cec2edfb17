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
  class BamlConnectionError < BamlError; end # the server of the program was not reached, or lost on the way
  class BamlProtocolError < BamlError; end # the server speaks otherwise than this client

  # The program threw.
  class BamlUnhandledThrow < BamlError
    def value = @problem["value"]
  end

  # The provider failed.
  class BamlClientError < BamlError; end
  class BamlClientFinishReasonError < BamlClientError; end

  class BamlClientHttpError < BamlClientError
    def status_code = @problem["upstream_status"]
  end

  ERRORS = {
    "bad_request" => BamlInvalidArgumentError,
    "invalid_argument" => BamlInvalidArgumentError,
    "option_not_allowed" => BamlInvalidArgumentError,
    "validation_failure" => BamlValidationError,
    "client_error" => BamlClientError,
    "finish_reason" => BamlClientFinishReasonError,
    "timeout" => BamlTimeoutError,
    "cancelled" => BamlAbortError,
    "unhandled_throw" => BamlUnhandledThrow,
    "connection" => BamlConnectionError,
    "protocol" => BamlProtocolError
  }.freeze
  private_constant :ERRORS

  # The error that a problem stands for.
  # @param problem [Hash]
  def self.error_of(problem)
    made = ERRORS.fetch(problem["error"], BamlError)
    made = BamlClientHttpError if made == BamlClientError && problem["upstream_status"].is_a?(Integer)
    made.new(problem)
  end

  # One that this side of the wire finds.
  def self.error(kind, message, run_id = nil)
    error_of({ "error" => kind, "message" => message, "run_id" => run_id, "retryable" => kind == "connection" })
  end
end
