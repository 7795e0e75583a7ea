package federate

import (
	"errors"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// verdict is what a door's error means for the stream.
type verdict struct {
	refusal *Refusal // the batch will never be taken as it is; Epoch and Seq are filled in by the caller
	gap     bool     // another batch is wanted first
	want    uint64
	code    Code // otherwise the channel ends with this code
}

func judge(err error) verdict {
	var batch *telemetry.BatchError
	var gap *telemetry.SequenceError
	switch {
	case errors.As(err, &batch):
		f := &Refusal{Rows: []RefusedRow{{Reason: ReasonRow, Series: batch.Series, Text: batch.Field + " " + batch.Value + ": " + batch.Reason}}}
		if batch.Row >= 0 {
			f.Rows[0].Row = uint32(batch.Row)
		}
		// Without a series there is nothing to sort out: the whole batch is at fault.
		f.Whole = batch.Row < 0 || batch.Series == uuid.Nil
		return verdict{refusal: f}
	case errors.As(err, &gap):
		return verdict{gap: true, want: gap.Want}
	case errors.Is(err, telemetry.ErrFenced):
		return verdict{code: CodeFenced}
	}
	return verdict{code: CodeUnavailable}
}
