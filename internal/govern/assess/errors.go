package assess

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrQuestion      = problem.Define("assess-question-unknown", 422) // instrument
	ErrForm          = problem.Define("assess-answer-form", 422)      // kind, form
	ErrOption        = problem.Define("assess-option-unknown", 422)   // known
	ErrTwice         = problem.Define("assess-option-twice", 422)     //
	ErrExclusive     = problem.Define("assess-option-exclusive", 422) //
	ErrNumber        = problem.Define("assess-number", 422)           //
	ErrRange         = problem.Define("assess-number-range", 422)     // from, to
	ErrCount         = problem.Define("assess-count", 422)            // of, max
	ErrGrade         = problem.Define("assess-grade", 422)            //
	ErrFrom          = problem.Define("assess-evidence-long", 422)    // max
	ErrNotApplicable = problem.Define("assess-must-apply", 422)       //
	ErrTrait         = problem.Define("assess-trait-unknown", 422)    // known
	ErrMeasured      = problem.Define("assess-measured-grade", 422)   //
	ErrTarget        = problem.Define("assess-target", 422)           // highest
	ErrOutOfReach    = problem.Define("assess-out-of-reach", 422)     //
	ErrTooLarge      = problem.Define("assess-path-too-large", 422)   // max
	ErrCost          = problem.Define("assess-cost", 422)             // max
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrQuestion, ErrForm, ErrOption, ErrTwice, ErrExclusive, ErrNumber, ErrRange, ErrCount, ErrGrade, ErrFrom, ErrNotApplicable,
		ErrTrait, ErrMeasured, ErrTarget, ErrOutOfReach, ErrTooLarge, ErrCost}
}

// Texts are the wordings of this room's problems.
func Texts() (*problem.Catalogue, error) { return problem.ReadCatalogue(texts, "texts") }

// forms says how a question of a kind is answered.
var forms = map[string]text.Text{
	Single:     {Zh: "choice 写一个选项", En: "one option in choice"},
	Multi:      {Zh: "choices 列出选项，或 none 为 true", En: "options in choices, or none: true"},
	Number:     {Zh: "number 写一个数", En: "a decimal in number"},
	Percentage: {Zh: "number 写百分数，或 part 与 of 写数量", En: "per cent in number, or counts in part and of"},
	YesNo:      {Zh: "choice 写 yes 或 no", En: "yes or no in choice"},
	Ladder:     {Zh: "choice 写级别，从 0 起", En: "a step in choice, from 0"},
}

// TextFiles are the files of those wordings and their folder, for an API that tells these problems.
func TextFiles() (embed.FS, string) { return texts, "texts" }
