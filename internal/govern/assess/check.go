package assess

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
)

// Limits of an instrument.
const (
	maxSections  = 10
	maxDepth     = 6
	maxNodes     = 1000
	maxQuestions = 300
	maxChoices   = 40
	maxLevels    = 12
	maxRules     = 20
	maxText      = 1000
	maxFull      = 10_000
	maxCost      = 1_000_000_000_000
)

var (
	idForm   = regexp.MustCompile(`^[a-z0-9]+([-.][a-z0-9]+)*$`)
	factForm = regexp.MustCompile(`^[a-z0-9]+([-._][a-z0-9]+)*$`)
)

// How a source was read.
var readings = []string{
	"text",      // its text, as published
	"capture",   // a capture of the official system that asks the questions
	"secondary", // what others quote of it
	"recalled",  // from knowledge of the field, without the text at hand
	"own",       // ours
}

// checker gathers what is wrong with an instrument.
type checker struct {
	x      *Instrument
	report func(where, what string)
	faults int
	ids    map[string]string // id of a section, part or question → where
	kinds  map[string]*Question
	count  int
}

// Check reports what is wrong (pack.Body) and, when nothing is, makes the instrument ready for scoring.
func (x *Instrument) Check(report func(where, what string)) {
	k := &checker{x: x, ids: map[string]string{}, kinds: map[string]*Question{}}
	k.report = func(where, what string) { k.faults++; report(where, what) }
	k.head()
	k.tree()
	if k.faults > 0 {
		return
	}
	c := x.compile()
	k.exact(c)
	k.references(c)
	k.levels(c)
	if k.faults > 0 {
		return
	}
	for i := range x.Levels {
		var rules []rule
		for j := range x.Levels[i].All {
			rules = append(rules, x.Levels[i].All[j].compile(x, c))
		}
		c.rules = append(c.rules, rules)
	}
	x.c = c
}

func (k *checker) id(where, id string) {
	if !idForm.MatchString(id) || len(id) > 60 {
		k.report(where, fmt.Sprintf("%q is no id; use lowercase letters and digits, joined by hyphens", id))
	}
}

func (k *checker) text(where string, t text.Text) {
	if t.Zh == "" || t.En == "" {
		k.report(where, "needs zh and en")
	} else if err := t.Check(maxText); err != nil {
		k.report(where, err.Error())
	}
}

func (k *checker) word(where, s string, of ...string) {
	if !slices.Contains(of, s) {
		k.report(where, fmt.Sprintf("%q is not one of %s", s, strings.Join(of, ", ")))
	}
}

func (k *checker) cost(where string, c int64) {
	if c < 0 || c > maxCost {
		k.report(where, fmt.Sprintf("%d is no cost; write a whole number from 0 to %d", c, int64(maxCost)))
	}
}

func (k *checker) source(where, id string) {
	if id != "" && !slices.ContainsFunc(k.x.Sources, func(s Source) bool { return s.ID == id }) {
		k.report(where, fmt.Sprintf("%q is not the id of a source; declare it under sources", id))
	}
}

func (k *checker) head() {
	x := k.x
	k.id("$.family", x.Family)
	k.word("$.standing", x.Standing, "official", "profile")
	if x.Standing == "profile" {
		k.text("$.notice", x.Notice)
	} else if !x.Notice.IsZero() {
		k.report("$.notice", "stands in an official instrument; take it out, or say standing: profile")
	}
	k.date("$.valid.from", x.Valid.From)
	if x.Valid.To != "" {
		k.date("$.valid.to", x.Valid.To)
		if x.Valid.To < x.Valid.From {
			k.report("$.valid.to", fmt.Sprintf("%s lies before %s; give the last day on which it is in force", x.Valid.To, x.Valid.From))
		}
	}
	if len(x.Sources) == 0 {
		k.report("$.sources", "is missing; say which document, clause and words the weights and rules come from")
	}
	for i, s := range x.Sources {
		at := fmt.Sprintf("$.sources[%d]", i)
		k.id(at+".id", s.ID)
		if slices.ContainsFunc(x.Sources[:i], func(o Source) bool { return o.ID == s.ID }) {
			k.report(at+".id", fmt.Sprintf("%q is used twice", s.ID))
		}
		for _, f := range [][2]string{{".document", s.Document}, {".clause", s.Clause}, {".quote", s.Quote}} {
			if strings.TrimSpace(f[1]) == "" {
				k.report(at+f[0], "is missing; name document and clause, and quote the words")
			}
		}
		if s.URL != "" && !strings.HasPrefix(s.URL, "https://") && !strings.HasPrefix(s.URL, "http://") {
			k.report(at+".url", fmt.Sprintf("%q is no address; begin with https://", s.URL))
		}
		k.word(at+".read", s.Read, readings...)
		if x.Official() && s.Read == "own" {
			k.report(at+".read", "own: an official instrument has nothing of ours; say standing: profile")
		}
	}
	if x.Whole != 100 && x.Whole != 10_000 {
		k.report("$.whole", fmt.Sprintf("%d: weights and shares are parts of 100 or of 10000", x.Whole))
	}
	k.word("$.absent", x.Absent, Redistribute, Lost, Granted)
	k.word("$.climb", x.Climb, "highest", "stepwise")
	k.text("$.below", x.Below)
	for i, t := range x.Readings {
		k.text(fmt.Sprintf("$.readings[%d]", i), t)
	}
	for i, t := range x.Profile {
		at := fmt.Sprintf("$.profile[%d]", i)
		k.id(at+".id", t.ID)
		k.text(at+".name", t.Name)
		k.options(at, t.Options)
	}
	k.text("$.costs.unit", x.Costs.Unit)
	k.text("$.costs.note", x.Costs.Note)
	k.cost("$.costs.option", x.Costs.Option)
	k.cost("$.costs.prove", x.Costs.Prove)
	for i, c := range x.Costs.Steps {
		k.cost(fmt.Sprintf("$.costs.steps[%d]", i), c)
	}
}

func (k *checker) date(where, s string) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		k.report(where, fmt.Sprintf("%q is no day; write it like 2024-09-04", s))
	}
}

func (k *checker) tree() {
	x := k.x
	for i, s := range x.Scales {
		at := fmt.Sprintf("$.scales[%d]", i)
		k.id(at+".id", s.ID)
		if slices.ContainsFunc(x.Scales[:i], func(o Scale) bool { return o.ID == s.ID }) {
			k.report(at+".id", fmt.Sprintf("%q is used twice", s.ID))
		}
		given := 0
		for _, n := range []int{len(s.Options), len(s.Brackets), len(s.Steps)} {
			if n > 0 {
				given++
			}
		}
		if given != 1 {
			k.report(at, "holds options, brackets or steps: one of them")
		}
	}
	if len(x.Sections) == 0 || len(x.Sections) > maxSections {
		k.report("$.sections", fmt.Sprintf("holds %d; 1 to %d sections fit", len(x.Sections), maxSections))
	}
	for i := range x.Sections {
		s := &x.Sections[i]
		at := fmt.Sprintf("$.sections[%d]", i)
		k.unique(at, s.ID)
		k.text(at+".name", s.Name)
		switch {
		case s.Counted && s.Full != 0:
			k.report(at+".full", "stands in a counted section, which gives no points; take one of them out")
		case !s.Counted && (s.Full < 1 || s.Full > maxFull):
			k.report(at+".full", fmt.Sprintf("%d is no number of full points; write 1 to %d", s.Full, maxFull))
		}
		k.parts(at, s, s.Parts, s.Questions, 1)
	}
	if n := len(k.kinds); n > maxQuestions {
		k.report("$.sections", fmt.Sprintf("hold %d questions; at most %d fit", n, maxQuestions))
	}
}

func (k *checker) unique(at, id string) {
	k.id(at+".id", id)
	if first, taken := k.ids[id]; taken {
		k.report(at+".id", fmt.Sprintf("%q is used twice, first at %s; sections, parts and questions share their ids", id, strings.TrimPrefix(first, "$.")))
	}
	k.ids[id] = at
}

// parts checks what a section or part holds: parts or questions, whose weights sum to the whole.
func (k *checker) parts(at string, s *Section, parts []Part, questions []Question, depth int) {
	if k.count += len(parts) + len(questions); k.count > maxNodes || depth > maxDepth {
		k.report(at, fmt.Sprintf("an instrument has at most %d parts and questions, in at most %d layers", maxNodes, maxDepth))
		return
	}
	switch {
	case len(parts) == 0 && len(questions) == 0:
		k.report(at, "holds no parts and no questions; give it some, or take it out")
		return
	case len(parts) > 0 && len(questions) > 0:
		k.report(at+".questions", "stand beside parts; put them into a part")
		return
	}
	sum := int64(0)
	what, list := ".parts", []string{}
	weigh := func(where, id string, w int64) {
		if w < 0 || s.Counted && w != 0 || !s.Counted && w == 0 {
			k.report(where+".weight", fmt.Sprintf("%d is no weight here; parts of points have one above 0, counted ones none", w))
		}
		sum += min(max(w, 0), k.x.Whole)
		list = append(list, fmt.Sprintf("%s %d", id, w))
	}
	for i := range parts {
		p := &parts[i]
		where := fmt.Sprintf("%s.parts[%d]", at, i)
		k.unique(where, p.ID)
		k.text(where+".name", p.Name)
		k.source(where+".source", p.Source)
		weigh(where, p.ID, p.Weight)
		k.parts(where, s, p.Parts, p.Questions, depth+1)
	}
	for i := range questions {
		what = ".questions"
		where := fmt.Sprintf("%s.questions[%d]", at, i)
		weigh(where, questions[i].ID, questions[i].Weight)
		k.question(where, s, &questions[i])
	}
	if !s.Counted && sum != k.x.Whole {
		k.report(at+what, fmt.Sprintf("the weights (%s) sum to %d; they must sum to %d, so change them by %+d", strings.Join(list, ", "), sum, k.x.Whole, k.x.Whole-sum))
	}
}

func (k *checker) question(at string, s *Section, q *Question) {
	k.unique(at, q.ID)
	k.kinds[q.ID] = q
	k.word(at+".kind", q.Kind, questionKinds...)
	k.text(at+".text", q.Text)
	k.source(at+".source", q.Source)
	k.id(at+".need", q.Need)
	if q.Absent != "" {
		k.word(at+".absent", q.Absent, Redistribute, Lost, Granted)
	}
	if s.Counted && q.Kind != Ladder {
		k.report(at+".kind", fmt.Sprintf("%q cannot be counted; a counted section holds ladders", q.Kind))
	}
	if q.Binding && !s.Counted {
		k.report(at+".binding", "is for questions of a counted section")
	}
	options, brackets, steps, where := q.Options, q.Brackets, q.Steps, at
	if q.Scale != "" {
		i := slices.IndexFunc(k.x.Scales, func(c Scale) bool { return c.ID == q.Scale })
		if i < 0 {
			k.report(at+".scale", fmt.Sprintf("%q is not the id of a scale; declare it under scales", q.Scale))
			return
		}
		if len(options)+len(brackets)+len(steps) > 0 {
			k.report(at+".scale", "stands beside answers of the question's own; keep one of them")
		}
		options, brackets, steps, where = k.x.Scales[i].Options, k.x.Scales[i].Brackets, k.x.Scales[i].Steps, fmt.Sprintf("$.scales[%d]", i)
	}
	has := map[string]int{"options": len(options), "brackets": len(brackets), "steps": len(steps)}
	want := map[string]string{Single: "options", Multi: "options", Number: "brackets", Percentage: "brackets", Ladder: "steps"}[q.Kind]
	for _, name := range []string{"brackets", "options", "steps"} {
		if has[name] > 0 && name != want {
			k.report(where+"."+name, fmt.Sprintf("do not belong to a question of kind %s", q.Kind))
		}
	}
	switch q.Kind {
	case Single:
		k.options(where, options)
		k.reachesWhole(where+".options", sharesOf(options, func(o Option) int64 { return o.Share }))
		for i, o := range options {
			if o.Exclusive {
				k.report(fmt.Sprintf("%s.options[%d].exclusive", where, i), "is for questions of kind multi")
			}
		}
	case Multi:
		k.options(where, options)
		sum := int64(0)
		for i, o := range options {
			if sum += o.Share; o.Exclusive && o.Share != 0 {
				k.report(fmt.Sprintf("%s.options[%d].share", where, i), fmt.Sprintf("%d: an exclusive option means none of the others and has share 0", o.Share))
			}
		}
		if sum != k.x.Whole {
			k.report(where+".options", fmt.Sprintf("the shares sum to %d; they must sum to %d, so change them by %+d", sum, k.x.Whole, k.x.Whole-sum))
		}
	case Number, Percentage:
		k.brackets(where, brackets, q.Kind == Percentage)
	case Ladder:
		k.steps(where, s, steps)
	}
}
