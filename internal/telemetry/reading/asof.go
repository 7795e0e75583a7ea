package reading

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
)

// moment is when a question is asked: now, or at a time in the past with what was known then.
type moment struct {
	now  time.Time // the node's time, or the past one
	asOf uint64    // commit number; 0: now
}

// moment turns an asOf that came with a request into a commit. A zero one is now. location names it.
func (s *Service) moment(asOf time.Time, location string) (moment, error) {
	if asOf.IsZero() {
		return moment{now: s.now()}, nil
	}
	t := asOf.UnixNano()
	switch y := asOf.UTC().Year(); { // UnixNano is defined for years 1678 to 2262 only
	case y < 1970:
		t = 0
	case y > 2200:
		t = math.MaxInt64
	}
	commit, err := s.store.AsOf(t)
	var open *telemetry.NotClosedError
	if errors.As(err, &open) {
		return moment{}, ErrNotClosed.At(location, asOf.UTC().Format(time.RFC3339Nano)).With("closed", instant(open.Closed)).Because(err)
	}
	if err != nil {
		return moment{}, translate(err)
	}
	return moment{now: time.Unix(0, t), asOf: commit}, nil
}

// Watermark tells up to which time asOf is answered.
type Watermark struct {
	Closed string `json:"closed" format:"date-time" doc:"The newest commit time at which nothing more will be committed; asOf may be at most this"`
	Commit string `json:"commit" doc:"The newest commit number of telemetry at that time; 0 where there is none yet"`
}

func (s *Service) watermarkRoute(a *api.Server) {
	type output struct{ Body Watermark }
	api.Register(a, get("getWatermark", "/watermark", "Up to which time asOf is answered",
		"It moves with the node's clock and stands still only while samples are being committed."),
		func(ctx context.Context, _ *struct{}) (*output, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			closed := s.store.Closed()
			commit, err := s.store.AsOf(closed)
			if err != nil {
				return nil, translate(err)
			}
			if commit == telemetry.BeforeAll {
				commit = 0
			}
			return &output{Watermark{Closed: instant(closed), Commit: strconv.FormatUint(commit, 10)}}, nil
		})
}
