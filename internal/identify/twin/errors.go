package twin

import "jingwei/internal/kernel/api/problem"

// Problems of this room. What is wrong with a document is told as *aas.Fault.
var (
	ErrExists   = problem.Define("twin-exists", 409)
	ErrComputed = problem.Define("twin-from-the-plant", 409)   // path
	ErrPassport = problem.Define("passport-invalid", 422)      // reason
	ErrLarge    = problem.Define("twin-answer-too-large", 422) // max
	ErrUnproved = problem.Define("twin-proof-waits", 409)
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{ErrExists, ErrComputed, ErrPassport, ErrLarge, ErrUnproved}
}
