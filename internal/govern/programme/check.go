package programme

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// What a pack may name.
var (
	idForm      = regexp.MustCompile(`^[a-z][a-zA-Z0-9]{0,30}$`)
	whoFields   = []string{"registered", "size", "industry", "region", "tags", "employees", "revenue", "assets"}
	methods     = []string{Mean, Integral, Consumption, EnergyPerPiece, ShareOfTime, Declared}
	seriesRoles = map[string][]string{Mean: {"value"}, Integral: {"value"}, Consumption: {"counter"}, EnergyPerPiece: {"power", "pieces"}, ShareOfTime: {"state"}, Declared: nil}
	grades      = []string{"E0", "E1", "E2", "E3"}
)

// ways in which an indicator is worked out from series.
const (
	Mean           = "mean"             // time-weighted mean of a value
	Integral       = "integral"         // of a value over time, per hour: kW give kWh
	Consumption    = "consumption"      // what a counter has counted
	EnergyPerPiece = "energy-per-piece" // integral of power over what a counter of pieces has counted
	ShareOfTime    = "share"            // percent of the known time in a state
	Declared       = "declared"         // a document says it
)

// FormalPoint reports what is wrong with the pack.
func (c *Call) Check(report func(where, what string)) {
	bad := func(where, format string, args ...any) { report(where, fmt.Sprintf(format, args...)) }
	named := func(where string, t text.Text) {
		if t.Zh == "" || t.En == "" {
			bad(where, "needs zh and en")
		}
	}
	ids := func(where string, seen map[string]bool, id string) {
		if !idForm.MatchString(id) || seen[id] {
			bad(where, "%q is no id of its own: letters and digits, the first one small, at most 31", id)
		}
		seen[id] = true
	}
	named("$.text", c.Text)
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`).MatchString(c.Kind) {
		bad("$.kind", "%q is no kind: small letters, digits, hyphens", c.Kind)
	}
	clauses := map[string]bool{}
	for i, x := range c.Clauses {
		ids(fmt.Sprintf("$.clauses[%d].id", i), clauses, x.ID)
		if x.Title == "" || x.Section == "" {
			bad(fmt.Sprintf("$.clauses[%d]", i), "needs title and section of the document")
		}
	}
	clause := func(where, id string) {
		if !clauses[id] {
			bad(where+".clause", "there is no clause %q", id)
		}
	}
	seen := map[string]bool{}
	for i, x := range c.Who {
		at := fmt.Sprintf("$.who[%d]", i)
		ids(at+".id", seen, x.ID)
		named(at+".text", x.Text)
		clause(at, x.Clause)
		numeric := slices.Contains([]string{"employees", "revenue", "assets"}, x.Field)
		switch {
		case !slices.Contains(whoFields, x.Field):
			bad(at+".field", "%q is none of %s", x.Field, strings.Join(whoFields, ", "))
		case x.Field == "registered" && (len(x.In) > 0 || len(x.Begins) > 0 || x.AtLeast != nil || x.AtMost != nil):
			bad(at, "registered asks for nothing more")
		case numeric && (x.AtLeast == nil && x.AtMost == nil || len(x.In) > 0 || len(x.Begins) > 0):
			bad(at, "%s needs atLeast or atMost", x.Field)
		case numeric && x.AtLeast != nil && x.AtMost != nil && *x.AtLeast > *x.AtMost:
			bad(at, "nothing is at least %d and at most %d", *x.AtLeast, *x.AtMost)
		case !numeric && x.Field != "registered" && (len(x.In) == 0) == (len(x.Begins) == 0):
			bad(at, "%s needs either in or begins", x.Field)
		}
	}
	c.Fields.Check("$.fields", report)
	for i, f := range c.Fields {
		if slices.Contains(ownFields, f.Key) || strings.HasPrefix(f.Key, checkPrefix) {
			bad(fmt.Sprintf("$.fields[%d].key", i), "%q is a field that every call has; use another key", f.Key)
		}
	}
	seen = map[string]bool{}
	for i, x := range c.Papers {
		ids(fmt.Sprintf("$.papers[%d].id", i), seen, x.ID)
		named(fmt.Sprintf("$.papers[%d].name", i), x.Name)
		if slices.Contains(ownPapers, x.ID) {
			bad(fmt.Sprintf("$.papers[%d].id", i), "%q is a paper that every call has; use another id", x.ID)
		}
	}
	seen = map[string]bool{}
	for i, x := range c.Checks {
		ids(fmt.Sprintf("$.checks[%d].id", i), seen, x.ID)
		named(fmt.Sprintf("$.checks[%d].text", i), x.Text)
		clause(fmt.Sprintf("$.checks[%d]", i), x.Clause)
	}
	if len(c.Checks) == 0 {
		bad("$.checks", "a formal check has at least one point")
	}
	if c.Completion < 1 || c.Completion > 60 {
		bad("$.completion", "1 to 60 working days")
	}
	if c.Publicity < 5 || c.Publicity > 60 {
		bad("$.publicity", "5 to 60 working days")
	}
	c.checkReview(bad, named, clause)
	c.checkAward(bad, named, clause)
	c.checkIndicators(bad, named, clause)
	if _, err := c.Flow(); err != nil {
		bad("$", "the flow that follows from it does not hold: %v", err)
	}
}

type reporter func(where, format string, args ...any)

func (c *Call) checkReview(bad reporter, named func(string, text.Text), clause func(string, string)) {
	r := &c.Review
	if r.Experts < 1 || r.Experts > 15 {
		bad("$.review.experts", "1 to 15 experts for each application")
	}
	if r.Scale < 1 || r.Scale > 100 {
		bad("$.review.scale", "a criterion is scored from 0 to at most 100")
	}
	if r.Days < 1 || r.Days > 90 {
		bad("$.review.days", "1 to 90 working days")
	}
	if r.Years < 0 || r.Years > 20 {
		bad("$.review.years", "0 to 20 years")
	}
	if r.Count != "raw" && r.Count != "adjusted" {
		bad("$.review.count", "%q is neither raw nor adjusted", r.Count)
	}
	if r.Line < 0 || r.Line > 100 || r.Places < 0 || r.Line == 0 && r.Places == 0 {
		bad("$.review", "needs a line of 1 to 100 points, or places, or both")
	}
	clause("$.review", r.Clause)
	sum, seen := 0, map[string]bool{}
	for i, x := range r.Criteria {
		at := fmt.Sprintf("$.review.criteria[%d]", i)
		if !idForm.MatchString(x.ID) || seen[x.ID] {
			bad(at+".id", "%q is no id of its own", x.ID)
		}
		seen[x.ID] = true
		named(at+".name", x.Name)
		if x.Weight < 1 {
			bad(at+".weight", "at least 1")
		}
		sum += x.Weight
	}
	if sum != 100 {
		bad("$.review.criteria", "the weights add up to %d; they must add up to 100", sum)
	}
	for i, id := range r.Ties {
		if !seen[id] {
			bad(fmt.Sprintf("$.review.ties[%d]", i), "there is no criterion %q", id)
		}
	}
	for i, key := range r.Hides {
		if c.Fields.Field(key) == nil {
			bad(fmt.Sprintf("$.review.hides[%d]", i), "there is no field %q", key)
		}
	}
}

func (c *Call) checkAward(bad reporter, named func(string, text.Text), clause func(string, string)) {
	a := &c.Award
	if a.Fixed < 0 || a.Fixed > field.MaxWhole || a.Fixed > 0 && len(a.Measures) > 0 {
		bad("$.award", "either a fixed amount in fen or measures of support")
	}
	if a.Budget != "none" && a.Budget != "prorata" {
		bad("$.award.budget", "%q is neither none nor prorata", a.Budget)
	}
	clause("$.award", a.Clause)
	for i, f := range a.Facts {
		at := fmt.Sprintf("$.award.facts[%d]", i)
		if f.Key == "" || (f.Field == "") == (f.Value == nil) {
			bad(at, "needs a key and either a field or a value")
		}
		if f.Field != "" && c.Fields.Field(f.Field) == nil {
			bad(at+".field", "there is no field %q", f.Field)
		}
		if !slices.Contains(grades, f.Grade) {
			bad(at+".grade", "%q is none of E0 to E3", f.Grade)
		}
	}
	for file, on := range a.Published {
		if _, ok := field.Day(on); !ok {
			bad("$.award.published", "%s: %q is no day", file, on)
		}
	}
	if t := a.Tag; t != nil && (t.Tag == "" || t.Years < 1 || t.Years > 10) {
		bad("$.award.tag", "needs a tag and 1 to 10 years")
	}
	sum, seen := 0, map[string]bool{}
	for i, x := range a.Tranches {
		at := fmt.Sprintf("$.award.tranches[%d]", i)
		if !idForm.MatchString(x.ID) || seen[x.ID] {
			bad(at+".id", "%q is no id of its own", x.ID)
		}
		seen[x.ID] = true
		named(at+".name", x.Name)
		if x.After != AfterAward && x.After != AfterAcceptance {
			bad(at+".after", "%q is neither award nor acceptance", x.After)
		}
		if x.Share < 1 {
			bad(at+".share", "at least 1 percent")
		}
		sum += x.Share
	}
	if grants := a.Fixed > 0 || len(a.Measures) > 0; grants && sum != 100 || !grants && len(a.Tranches) > 0 {
		bad("$.award.tranches", "the shares add up to %d percent; what is granted is paid in parts of 100 percent together", sum)
	}
	seen = map[string]bool{}
	for i, x := range c.Milestones {
		at := fmt.Sprintf("$.milestones[%d]", i)
		if !idForm.MatchString(x.ID) || seen[x.ID] {
			bad(at+".id", "%q is no id of its own", x.ID)
		}
		seen[x.ID] = true
		named(at+".name", x.Name)
		named(at+".evidence", x.Evidence)
		if x.Months < 1 || x.Months > 120 {
			bad(at+".months", "1 to 120 months after the award")
		}
	}
	seen = map[string]bool{}
	for i, x := range c.Clawback {
		at := fmt.Sprintf("$.clawback[%d]", i)
		if x.When != Failed && x.When != Ended || seen[x.When] {
			bad(at+".when", "%q is neither failed nor withdrawn, or comes twice", x.When)
		}
		seen[x.When] = true
		if x.Share < 1 || x.Share > 100 || x.Days < 1 {
			bad(at, "needs a share of 1 to 100 percent, and working days to pay it back")
		}
		named(at+".text", x.Text)
		clause(at, x.Clause)
	}
}

func (c *Call) checkIndicators(bad reporter, named func(string, text.Text), clause func(string, string)) {
	seen := map[string]bool{}
	for i := range c.Indicators {
		x := &c.Indicators[i]
		at := fmt.Sprintf("$.indicators[%d]", i)
		if !idForm.MatchString(x.Key) || seen[x.Key] {
			bad(at+".key", "%q is no key of its own", x.Key)
		}
		seen[x.Key] = true
		named(at+".name", x.Name)
		clause(at, x.Clause)
		if x.Direction != "lower" && x.Direction != "higher" {
			bad(at+".direction", "%q is neither lower nor higher", x.Direction)
		}
		if (x.Change == "") == (x.Value == "") {
			bad(at, "needs either change (percent of the baseline) or value")
		}
		for _, s := range []string{x.Change, x.Value} {
			if r, ok := new(big.Rat).SetString(s); s != "" && (!ok || strings.ContainsAny(s, "/eE") || len(s) > 20 || s == x.Change && r.Sign() <= 0) {
				bad(at, "%q is no decimal number that fits", s)
			}
		}
		if !slices.Contains(methods, x.Method) {
			bad(at+".method", "%q is none of %s", x.Method, strings.Join(methods, ", "))
			continue
		}
		var roles []string
		for j, s := range x.Series {
			roles = append(roles, s.Role)
			named(fmt.Sprintf("%s.series[%d].name", at, j), s.Name)
		}
		if want := seriesRoles[x.Method]; !slices.Equal(roles, want) {
			bad(at+".series", "%s needs the series %v in this order", x.Method, want)
		}
		if x.Measured() && ((x.Days == 0) == (x.Minutes == 0) || x.Days < 0 || x.Days > 366 || x.Minutes < 0 || x.Minutes > 1440 || x.Coverage < 1 || x.Coverage > 100) {
			bad(at, "needs 1 to 366 days or 1 to 1440 minutes of measuring, and a coverage of 1 to 100 percent")
		}
		if x.Method == ShareOfTime && x.State == "" {
			bad(at+".state", "is needed: which state's share")
		}
		if !slices.Contains(grades[1:], x.Grade) || x.Measured() != (x.Grade == "E3") {
			bad(at+".grade", "%q: what is measured is E3, what a document says E1 or E2", x.Grade)
		}
	}
	if r := c.Recheck; r != nil && (r.Months < 1 || r.Instrument == "") {
		bad("$.recheck", "needs months and an instrument")
	}
}
