package kept

import (
	"context"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/rollup"
)

// row is a kept row as it stood at a commit.
type row struct {
	word      Word
	time      int64
	revision  uint32
	withdrawn bool
	readable  bool // its text is one of ours
	later     bool // it was restated after the commit that is asked about
	next      Word // by this row, if later and readable
}

// load returns the kept rows of a level with source times in [from, to), in order of time: as they stand, or with asOf as
// they stood when that commit was the newest.
func (s *Service) load(ctx context.Context, x *subject, level rollup.Level, from, to int64, asOf uint64) ([]row, error) {
	if level == rollup.LevelMinute || asOf == telemetry.BeforeAll {
		return nil, nil
	}
	ref, ok := s.o.Store.Lookup(DerivedID(x.series.ID, level))
	if !ok {
		return nil, nil
	}
	var out []row
	o := telemetry.ScanOptions{Columns: telemetry.WithStatus | block.Of(block.Revision, block.Commit), History: true}
	err := s.o.Store.Scan(ctx, ref, telemetry.Span{From: from, To: to}, o, func(r *telemetry.Run) bool {
		for i, t := range r.Time {
			commit := uint64(r.Commit[i])
			k := row{time: t, revision: r.Revision[i], withdrawn: telemetry.Flags(r.Flags[i])&telemetry.Withdrawn != 0}
			last := len(out) - 1
			after := asOf != 0 && commit > asOf
			if same := last >= 0 && out[last].time == t; after {
				if same && !out[last].later {
					out[last].later = true
					if !k.withdrawn {
						out[last].next, _ = ParseWord(r.Text[i])
					}
				}
				continue
			} else if same { // the later one counts: they come in order of revision and commit
				out[last] = k
				last--
			} else {
				out = append(out, k)
			}
			if k = out[last+1]; !k.withdrawn {
				var err error
				k.word, err = ParseWord(r.Text[i])
				k.readable = err == nil && k.word.From == t && k.word.Level == level
				out[last+1] = k
			}
		}
		return true
	})
	return out, err
}
