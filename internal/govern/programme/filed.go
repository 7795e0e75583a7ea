package programme

import (
	"context"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/field"
	"jingwei/internal/office/flow"
)

// filed is what an application files for a measure.
func filed(call *Call, row *fileRow, c *flow.Case, measure string) Filed {
	project, _ := c.Record["project"].(string)
	return Filed{Application: row.CaseID, Call: call.Name, Firm: row.Subject, Keeper: row.Org, Measure: measure, Project: project, Day: field.DateOf(c.At)}
}

// claim enters the project of an application under the measures of its call, so that it is filed nowhere else.
func (s *Service) claim(ctx context.Context, tx bun.Tx, call *Call, row *fileRow, c *flow.Case) error {
	if s.o.Filings == nil {
		return nil
	}
	for _, m := range call.Award.Measures {
		if err := s.o.Filings.Claim(ctx, tx, filed(call, row, c, m)); err != nil {
			return err
		}
	}
	return nil
}

// freed closes what an application has filed when a step ends it without support.
func (s *Service) freed(ctx context.Context, tx bun.Tx, row *fileRow, c *flow.Case, st *flow.Step) error {
	if s.o.Filings == nil || row.Filed == 0 || st.From == c.State {
		return nil
	}
	state := FilingWithdrawn
	switch c.State {
	case Rejected:
		state = FilingRefused
	case Retracted, Lapsed, Ended:
	default:
		return nil
	}
	name := stateName(c.State)
	why := name.Zh + " / " + name.En
	if st.Reason != "" && !st.Confidential {
		why += "：" + st.Reason
	}
	return s.o.Filings.Close(ctx, tx, row.CaseID, "", state, why)
}

// recorded enters what an award gives by each measure: the shares of what each was due in what is granted after the budget.
func (s *Service) recorded(ctx context.Context, tx bun.Tx, call *Call, row *fileRow, a *awardRow, c *flow.Case) error {
	if s.o.Filings == nil {
		return nil
	}
	amounts, err := decode[[]MeasureAmount](a.Explained)
	if err != nil {
		return err
	}
	due := []int64{call.Award.Fixed}
	for _, m := range amounts {
		due = append(due, m.Fen)
	}
	granted := Scale(due, a.Amount)
	for i, m := range amounts {
		f, fen := filed(call, row, c, m.Measure), granted[i+1]
		if fen > 0 {
			err = s.o.Filings.RecordAward(ctx, tx, f, fen, a.Ref, call.Name.In("zh")+"："+row.Title)
		} else {
			err = s.o.Filings.Close(ctx, tx, row.CaseID, m.Measure, FilingRefused, "已立项，该措施不给资金 / recognised, without money by this measure")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// back tells Filings when nothing of an ended award is left with the firm.
func (s *Service) back(ctx context.Context, tx bun.Tx, row *fileRow, a *awardRow) error {
	if s.o.Filings == nil || a.State != AwardFailed && a.State != AwardWithdrawn {
		return nil
	}
	list, err := s.payments(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	_, left, err := s.o.Filings.ClaimedBack(ctx, tx, row.CaseID)
	if err != nil {
		return err
	}
	left = -left
	for _, p := range list {
		switch p.State {
		case "paid":
			left += p.Amount
		case "received":
			left -= p.Amount
		}
	}
	if left > 0 {
		return nil
	}
	return s.o.Filings.EndAwards(ctx, tx, row.CaseID, awardNames[a.State].Zh+"，资金已全部收回 / "+awardNames[a.State].En+", all of it paid back")
}
