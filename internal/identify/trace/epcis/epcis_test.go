package epcis

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// parse reads a file by its ending.
func parse(t testing.TB, name string) (*Document, error) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".xml") {
		return ParseXML(b, Limits{})
	}
	return ParseJSON(b, Limits{})
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(list), err)
	}
	return list
}

// TestDevelopersFixturesAreTaken: every document that the developers call valid is, and is the same after it was written and
// read again.
func TestDevelopersFixturesAreTaken(t *testing.T) {
	for _, name := range append(files(t, "testdata/capture/*"), files(t, "testdata/hash/*ml*")...) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			d, err := parse(t, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range d.Faults {
				t.Error(f)
			}
			if len(d.Events) == 0 {
				t.Error("no event")
			}
			for i := range d.Events {
				again(t, &d.Events[i])
			}
		})
	}
}

// again writes an event as a bare one and reads it.
func again(t testing.TB, e *Event) {
	t.Helper()
	written := AppendJSON(nil, e)
	bare := append([]byte(`{"@context":["`+Context+`"`), []byte(`]`)...)
	if rest, ok := bytes.CutPrefix(written, []byte(`{"@context":[`)); ok {
		bare = append(append(bare[:len(bare)-1], ','), rest...)
	} else {
		bare = append(append(bare, ','), written[1:]...)
	}
	d, err := ParseJSON(bare, Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, written)
	}
	if len(d.Faults) > 0 {
		t.Fatalf("%v in %s", d.Faults, written)
	}
	if a, b := prehash(e), prehash(&d.Events[0]); a != b {
		t.Fatalf("hashed %s\nthen   %s", a, b)
	}
	if twice := AppendJSON(nil, &d.Events[0]); !bytes.Equal(written, twice) {
		t.Fatalf("written %s\nthen    %s", written, twice)
	}
}

// TestHashesAreThePublishedOnes also shows that XML and JSON of one event have one hash.
func TestHashesAreThePublishedOnes(t *testing.T) {
	for _, name := range files(t, "testdata/hash/*.hashes") {
		base := strings.TrimSuffix(filepath.Base(name), ".hashes")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(string(b))
		documents := slices.Concat(glob(t, "testdata/hash/"+base+".*ml*"), glob(t, "testdata/hash/"+base+".json*"), glob(t, "testdata/capture/"+base+".json"))
		if len(documents) == 0 {
			t.Errorf("%s: no document", base)
		}
		for _, doc := range documents {
			d, err := parse(t, doc)
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.Events {
				if got := Hash(&d.Events[i]); got != want[i] {
					t.Errorf("%s, event %d: %s, want %s\n%s", doc, i, got, want[i], prehash(&d.Events[i]))
				}
			}
			if len(d.Events) != len(want) {
				t.Errorf("%s: %d events, want %d", doc, len(d.Events), len(want))
			}
		}
	}
}

// TestIdentifiersAreHashedInTheirCanonicalForm compares with the published string that is hashed.
func TestIdentifiersAreHashedInTheirCanonicalForm(t *testing.T) {
	want, err := os.ReadFile("testdata/hash/epclist_normalisation.prehashes")
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse(t, "testdata/hash/epclist_normalisation.jsonld")
	if err != nil {
		t.Fatal(err)
	}
	if got := prehash(&d.Events[0]); got != strings.TrimSpace(string(want)) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestBrokenFixturesSayWhatIsBroken: path, value and rule of each.
func TestBrokenFixturesSayWhatIsBroken(t *testing.T) {
	at := func(i int, field string) string { return index("epcisBody.eventList", i) + "." + field }
	want := map[string][]Fault{
		"Combination_of_events_with_missing_mandatory_fields.json": {
			{0, at(0, "action"), "", RuleRequired}, {1, at(1, "eventTime"), "", RuleRequired},
			{2, "epcisBody.eventList[2]", "ObjectEvent", RuleThings}, {3, at(3, "eventTimeZoneOffset"), "", RuleRequired}},
		"Combination_of_multiple_invalid_fields.json": {
			{0, at(0, "bizStep"), "transforming", RuleVocabulary}, {1, at(1, "disposition"), "in_transport", RuleVocabulary},
			{2, at(2, "sourceList[0].type"), "place", RuleVocabulary}, {3, at(3, "ilmd.materialType"), "soil", RuleUnknown},
			{4, at(4, "eventTime"), "22-07-2026", RuleTime}, {4, at(4, "action"), "CREATE", RuleAction}},
		"Combination_of_non_standard_bizStep_and_disposition.json": {
			{0, at(0, "bizStep"), "transforming", RuleVocabulary}, {1, at(1, "disposition"), "in_transport", RuleVocabulary}},
		"EPCISDocument_without_context.json":                         {{-1, "@context", "", RuleContext}},
		"ObjectEvent_with_ilmd_field_without_namespace.json":         {{0, at(0, "ilmd.materialType"), "cotton", RuleUnknown}},
		"ObjectEvent_with_invalid_action.json":                       {{0, at(0, "action"), "CREATE", RuleAction}},
		"ObjectEvent_with_invalid_certificationInfo.json":            {{0, at(0, "certificationInfo"), "42", RuleType}},
		"ObjectEvent_with_invalid_eventTime_format.json":             {{0, at(0, "eventTime"), "22-07-2026", RuleTime}},
		"ObjectEvent_with_non_standard_bizStep.json":                 {{0, at(0, "bizStep"), "transforming", RuleVocabulary}},
		"ObjectEvent_with_non_standard_bizStep_in_second_event.json": {{1, at(1, "bizStep"), "transforming", RuleVocabulary}},
		"ObjectEvent_with_non_standard_disposition.json":             {{0, at(0, "disposition"), "in_transport", RuleVocabulary}},
		"ObjectEvent_with_quantity_as_text.json":                     {{0, at(0, "quantityList[0].quantity"), "twenty", RuleType}},
		"ObjectEvent_with_unknown_field_in_quantityList.json":        {{0, at(0, "quantityList[0].weight"), "5", RuleUnknown}},
		"ObjectEvent_without_action_and_eventTime.json": {
			{0, at(0, "eventTime"), "", RuleRequired}, {0, at(0, "eventTimeZoneOffset"), "", RuleRequired}, {0, at(0, "action"), "", RuleRequired}},
		"ObjectEvent_without_identifier_list.json":  {{0, "epcisBody.eventList[0]", "ObjectEvent", RuleThings}},
		"ObjectEvent_with_unknown_element.xml":      {{0, at(0, "madeUpField"), "some value", RuleUnknown}},
		"ObjectEvent_with_near_miss_action.xml":     {{0, at(0, "action"), "OBSERV", RuleAction}},
		"ObjectEvent_without_eventTime.xml":         {{0, at(0, "eventTime"), "", RuleRequired}},
		"ObjectEvent_bare_event_without_action.xml": {{0, "action", "", RuleRequired}},
	}
	for _, name := range files(t, "testdata/invalid/*") {
		d, err := parse(t, name)
		var got []Fault
		if err != nil {
			bad, ok := err.(*Invalid)
			if !ok {
				t.Fatal(err)
			}
			got = bad.Faults
		} else {
			got = d.Faults
		}
		base := filepath.Base(name)
		if !slices.Equal(got, want[base]) {
			t.Errorf("%s: %v\nwant %v", base, got, want[base])
		}
		delete(want, base)
	}
	for name := range want {
		t.Errorf("%s is not there", name)
	}
}
