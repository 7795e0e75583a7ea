package indicator

import (
	"testing"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
)

func TestEveryProblemAndReasonHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
	for _, l := range []Lack{NoConsent, NotHere, NoData, NoEntries, Awaited, WrongUnit, Ambiguous, NoBaseline, ByZero, TooFew, Below} {
		if w := l.Text(); w.Zh == "" || w.En == "" {
			t.Errorf("%s has no words", l)
		}
	}
}
