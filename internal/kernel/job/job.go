package job

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Status is where a job is in its life.
type Status string

// The statuses.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Ended tells whether nothing happens to the job any more.
func (s Status) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Errors of the runner.
var (
	ErrUnknownKind = errors.New("no handler for this kind of job")
	ErrEnded       = errors.New("the job has ended already")
	// ErrCancelled is the cause of a handler's context when somebody cancelled the job.
	ErrCancelled = errors.New("the job was cancelled")
	// ErrStopping is the cause of a handler's context when the process ends; the job goes on at the next start.
	ErrStopping = errors.New("the process is stopping")
)

// Job is a piece of long work as it stands.
type Job struct {
	ID       uuid.UUID       `json:"id"`
	Org      uuid.UUID       `json:"org"`
	Kind     string          `json:"kind"`
	Actor    string          `json:"actor" doc:"Who asked for it"`
	Input    json.RawMessage `json:"input,omitempty"`
	Status   Status          `json:"status" enum:"queued,running,done,failed,cancelled"`
	Done     int64           `json:"done,string" doc:"Units of work finished"`
	Total    int64           `json:"total,string" doc:"Units of work in all; 0 when not known"`
	Output   json.RawMessage `json:"output,omitempty"`
	Error    string          `json:"error,omitempty"`
	Attempts int             `json:"attempts" doc:"How often it was begun"`
	Created  time.Time       `json:"created"`
	Started  *time.Time      `json:"started,omitempty"`
	Finished *time.Time      `json:"finished,omitempty"`
}

// Handler does the work. It returns soon after ctx ends, with an error (any): the runner knows the cause. The value it
// returns is the job's output, encoded as JSON.
type Handler func(ctx context.Context, run *Run) (output any, err error)

// Request asks for a job.
type Request struct {
	Org   uuid.UUID
	Kind  string
	Actor string
	Input any
}
