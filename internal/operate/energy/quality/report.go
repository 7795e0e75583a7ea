package quality

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Reported is the item of declarations that is the monthly report of electricity.
const Reported = "electricity-consumption"

// ReportFields are the fields of declarations that the deviation needs; whoever has not been granted them is told no report.
var ReportFields = []string{"item", "begins", "ends", "value", "unit"}

var noTime time.Time

// report is the monthly report; lack is why there is no value of it.
type report struct {
	fact      uuid.UUID
	value     string
	unit      string
	grade     fact.Grade
	wattHours *big.Rat
	came      int64 // when the first one was first recorded, ns; 0: none was
	lack      Reason
}

// report finds what an organisation reported for exactly the month. The best proved counts; two of one grade that differ are no
// value.
func (s *Service) report(ctx context.Context, org uuid.UUID, m Month) (report, error) {
	if err := s.o.Consent.Report(ctx, org); errors.Is(err, ErrNoConsent) {
		return report{lack: NoConsent}, nil
	} else if err != nil {
		return report{}, err
	}
	begin, _ := field.Day(m.First())
	next, _ := field.NextDay(m.First())
	var found []fact.Fact
	f := fact.Filter{Org: org, Kind: kind, From: time.Unix(0, begin), To: time.Unix(0, next), Where: []string{"item=" + Reported}}
	err := store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		page.Limit = store.MaxLimit
		return s.o.Facts.List(ctx, f, page)
	}, func(f fact.Fact) error {
		if word(&f, "begins") == m.First() && word(&f, "ends") == m.Last() {
			found = append(found, f)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return report{lack: NoReport}, err
	}
	out := report{grade: -1}
	for i := range found {
		f := &found[i]
		came, err := s.firstSaid(ctx, f)
		if err != nil {
			return report{}, err
		}
		if out.came == 0 || came < out.came {
			out.came = came
		}
		if f.Grade < out.grade {
			continue
		}
		wh, lack := energyOf(f)
		switch {
		case f.Grade > out.grade:
			out.fact, out.value, out.unit, out.grade, out.wattHours, out.lack = f.ID, word(f, "value"), word(f, "unit"), f.Grade, wh, lack
		case out.lack != "" || lack != "" || wh.Cmp(out.wattHours) != 0:
			out.wattHours, out.lack = nil, Ambiguous
		}
	}
	return out, nil
}

// energyOf reads a declaration in Wh.
func energyOf(f *fact.Fact) (*big.Rat, Reason) {
	n, ok := number(f)
	unit, known := exact[word(f, "unit")]
	if !ok || !known {
		return nil, WrongUnit
	}
	return n.Mul(n, unit), ""
}

// firstSaid is when the first revision of a fact was committed, ns.
func (s *Service) firstSaid(ctx context.Context, f *fact.Fact) (int64, error) {
	if f.Revision == 1 {
		return f.At, nil
	}
	list, _, err := s.o.Facts.History(ctx, f.ID, store.Page{Limit: 1})
	if err != nil {
		return 0, err
	}
	return list[0].At, nil
}
