package kept

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Levels are those whose rows are kept.
var Levels = [...]rollup.Level{rollup.LevelHour, rollup.LevelShift, rollup.LevelDay, rollup.LevelMonth}

// DerivedID is the series in which the rows of a series at a level are kept.
func DerivedID(series uuid.UUID, level rollup.Level) uuid.UUID {
	h := sha256.New()
	h.Write([]byte("jingwei roll-up"))
	h.Write(series[:])
	h.Write([]byte{byte(level)})
	id, _ := uuid.FromBytes(h.Sum(nil)[:16])
	id[6] = id[6]&0x0F | 0x80 // version 8
	id[8] = id[8]&0x3F | 0x80
	return id
}

// derivedDeclaration declares it. What its rows say of their own time is in them; the silence is that of no source.
func derivedDeclaration(s *telemetry.Series, level rollup.Level) telemetry.Declaration {
	return telemetry.Declaration{ID: DerivedID(s.ID, level), Org: s.Org, Type: telemetry.String, Report: telemetry.OnChange, MaxSilence: 40 * 24 * time.Hour}
}

// learn looks which of the series declared since the last time are derived ones: their rows are never rolled up. The room
// is the only one that declares them, so it need look only once after a start, and at what it declares itself.
func (s *Service) learn() {
	s.derivedMu.Lock()
	defer s.derivedMu.Unlock()
	for ref := s.learnt + 1; ; ref++ {
		series, ok := s.o.Store.Series(ref)
		if !ok {
			return
		}
		s.learnt = ref
		if series.Type == telemetry.String && series.Unit == "" && s.derived[ref] {
			continue
		}
		for _, level := range Levels {
			if d, ok := s.o.Store.Lookup(DerivedID(series.ID, level)); ok {
				s.derived[d] = true
			}
		}
	}
}

func (s *Service) isDerived(ref telemetry.Ref) bool {
	s.derivedMu.RLock()
	defer s.derivedMu.RUnlock()
	return s.derived[ref]
}

func (s *Service) noteDerived(ref telemetry.Ref) {
	s.derivedMu.Lock()
	s.derived[ref] = true
	s.derivedMu.Unlock()
}
