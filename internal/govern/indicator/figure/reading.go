package figure

import (
	"fmt"

	"jingwei/internal/govern/indicator"
)

// Read is a figure's account as it was opened.
type Read struct {
	Readings []indicator.Reading
	Grade    string // "" where nothing is known
	Coverage indicator.FigureCoverage
	Absent   []indicator.AbsentIn
}

// ReadFigure opens what a figure holds: its account, or for what is computed once for a region its inputs. Error: it was computed by a
// definition whose inputs were others.
func ReadFigure(l *indicator.Library, d *indicator.Definition, f *Figure) (out Read, err error) {
	if d.Of == indicator.OfRegion {
		p, _ := f.Key.Time()
		u, err := l.DecodeUnion(d, f.Account)
		if err != nil {
			return out, fmt.Errorf("figure %s: %w", f.Key, err)
		}
		out = readValue(u.Evaluate(p))
		out.told(d, f.Parts)
		return out, nil
	}
	a, err := l.DecodeAccount(d, f.Account)
	if err != nil {
		return out, fmt.Errorf("figure %s: %w", f.Key, err)
	}
	out = Read{Readings: a.Readings(), Absent: a.Absent(), Coverage: indicator.FigureCoverage{Known: a.Known(), Of: a.Of()}}
	out.Coverage.Days, out.Coverage.Out = a.Cover()
	if a.Known() > 0 {
		out.Grade = a.Grade().String()
	}
	return out, nil
}

// readValue is the one reading of a region.
func readValue(v *indicator.Valuation) Read {
	r := indicator.Reading{How: indicator.Single, Num: v.Num, Of: 1}
	out := Read{Coverage: indicator.FigureCoverage{Of: 1, Days: v.Days, Out: v.Of}}
	for _, x := range v.Lack {
		out.Absent = append(out.Absent, indicator.AbsentIn{Absent: x, Firms: 1})
		r.Lack = x.Reason
	}
	if v.Num != nil {
		r.Known, r.Lack, out.Grade, out.Coverage.Known = 1, "", v.Grade.String(), 1
	}
	out.Readings = []indicator.Reading{r}
	return out
}

// told tells who was to tell of its part of the region and has not, beside the keeper itself.
func (out *Read) told(d *indicator.Definition, parts []Part) {
	missing, all, n := map[indicator.Lack]int{}, 0, 0
	for i := range parts {
		switch {
		case parts[i].Kind != Account:
			continue
		case parts[i].State == Undelivered:
			missing[indicator.Undelivered]++
		case parts[i].State == Isolated:
			missing[indicator.Isolated]++
		}
		all++
	}
	for _, why := range []indicator.Lack{indicator.Undelivered, indicator.Isolated} {
		if missing[why] > 0 {
			n += missing[why]
			out.Absent = append(out.Absent, indicator.AbsentIn{Absent: indicator.Absent{Name: d.Name, Reason: why, Text: why.Text()}, Firms: missing[why]})
		}
	}
	r := &out.Readings[0]
	if r.Of += all; r.Known > 0 {
		r.Known = r.Of - n
	}
	out.Coverage.Known, out.Coverage.Of = r.Known, r.Of
}

func readingView(d *indicator.Definition, r *indicator.Reading) indicator.IndicatorReading {
	return indicator.IndicatorReading{How: r.How, Number: number(r.Num, d.Shown(r.How), d.ReadingUnit(r.How)), Known: r.Known, Of: r.Of, Reason: r.Lack, Text: r.Lack.Text()}
}

// brief tells a revision. Its seal and manual values are the caller's to add.
func (s *Service) brief(f *Figure) FigureBrief {
	out := FigureBrief{ID: f.Key.ID(), FigureOf: s.of(&f.Key), Revision: f.Revision, At: at(f.Commit), Watermark: at(f.Watermark), Hash: f.Hash().String(), Definition: FigureDefinition{Hash: f.Definition.String(), Changed: true},
		Readings: []indicator.IndicatorReading{}, Missing: []indicator.TargetMissing{}, Manual: []ManualView{}}
	d := s.o.Library.Definition(f.Key.Indicator)
	if d == nil {
		return out
	}
	out.Definition.Version, out.Definition.Changed = d.Version, definitionHash(d) != f.Definition
	read, err := ReadFigure(s.o.Library, d, f)
	if err != nil {
		s.o.Logger.Warn("a figure cannot be opened by the definition that the node has now", "figure", f.Key.String(), "revision", f.Revision, "error", err)
		return out
	}
	for i := range read.Readings {
		out.Readings = append(out.Readings, readingView(d, &read.Readings[i]))
	}
	for _, x := range read.Absent {
		out.Missing = append(out.Missing, indicator.TargetMissing(x))
	}
	out.Grade, out.Coverage = read.Grade, read.Coverage
	return out
}
