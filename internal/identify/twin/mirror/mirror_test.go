package mirror

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

var mill = uuid.MustParse("0190a0b0-0000-7000-8000-000000000007")

// thing is a machine with points whose keys are not idShorts.
func thing(keys ...string) *Thing {
	t := &Thing{
		Node:     plant.Node{ID: mill, Kind: plant.Machine, Name: text.Text{Zh: "铣床", En: "Mill"}, Class: "cnc", From: 1},
		Class:    text.Text{Zh: "数控", En: "CNC"},
		Template: &template.Template{Maker: "Maker & Söhne", Model: "M<1>"},
		API:      "/api/v1",
	}
	for _, k := range keys {
		t.Points = append(t.Points, plant.Point{ID: uuid.New(), Point: template.Point{Key: k, Type: "float64", Unit: "Cel", Name: text.Text{Zh: k}}})
	}
	return t
}

func TestIdsGoThereAndBack(t *testing.T) {
	for _, p := range append([]Part{Shell}, Submodels...) {
		if id, part, ok := ParseID(ID(mill, p)); !ok || id != mill || part != p {
			t.Errorf("%s: %s %s %v", p, id, part, ok)
		}
	}
	for _, s := range []string{"", "urn:x", ID(mill, "other"), ID(mill, Shell) + "x", "urn:jingwei:twin:" + mill.String(), "urn:jingwei:twin:0190A0B0-0000-7000-8000-000000000007:shell"} {
		if _, _, ok := ParseID(s); ok {
			t.Errorf("%q is taken for one of ours", s)
		}
	}
	if id, ok := ParseAssetID(AssetID(mill)); !ok || id != mill {
		t.Error("the asset id does not come back")
	}
	if id, ok := ParseShort(ShellOf(thing())["idShort"].(string)); !ok || id != mill {
		t.Error("the idShort does not lead back")
	}
}

func TestPointsHaveNamesThatAreIdShortsAndDiffer(t *testing.T) {
	form := regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)
	seen := map[string]bool{}
	for _, n := range pointNames(thing("x.position", "x-position", "x_position", "1st", "", "温度", "压力", "Time", "a1", "a1", "a2").Points) {
		if !form.MatchString(n) || seen[n] {
			t.Errorf("name %q", n)
		}
		seen[n] = true
	}
}

func TestValuesAreWrittenAsXMLSchemaDoes(t *testing.T) {
	for want, v := range map[string]telemetry.Value{
		"0.1": {Type: telemetry.Float64, Bits: math.Float64bits(0.1)}, "NaN": {Type: telemetry.Float64, Bits: math.Float64bits(math.NaN())},
		"-INF": {Type: telemetry.Float64, Bits: math.Float64bits(math.Inf(-1))}, "-9223372036854775808": {Type: telemetry.Int64, Bits: 1 << 63},
		"true": {Type: telemetry.Bool, Bits: 1}, "停\n机": {Type: telemetry.String, Text: "停\n机"}, "YQBi": {Type: telemetry.String, Text: "a\x00b"},
	} {
		if got, ok := valueOf(v); !ok || got != want {
			t.Errorf("%+v: %q, want %q", v, got, want)
		}
	}
	if _, ok := valueOf(telemetry.Value{}); ok {
		t.Error("a status without a value has one")
	}
}

// canonical is a tree as it comes back from the metamodel's types.
func canonical(t *testing.T, kind aas.Kind, tree Object) Object {
	t.Helper()
	d, err := aas.OfTree(kind, tree)
	if err != nil || len(d.Warnings) > 0 {
		t.Fatalf("%v %v", err, d)
	}
	return d.Tree
}

func TestWhatIsHandedInComesBackAndTheRestIsKeptBeside(t *testing.T) {
	th := thing("temperature")
	latest := []telemetry.Sample{{Commit: 1, Time: 1e18, Value: telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(21.5)}}}
	for name, c := range map[string]struct {
		kind     aas.Kind
		computed Object
		beside   Object
	}{
		"nameplate":   {aas.Submodel, NameplateOf(th), Object{"submodelElements": []any{Object{"modelType": "Property", "idShort": "SerialNumber", "valueType": "xs:string", "value": "7"}}}},
		"technical":   {aas.Submodel, TechnicalDataOf(th), Object{"submodelElements": []any{Object{"modelType": "SubmodelElementCollection", "idShort": "GeneralInformation", "value": []any{Object{"modelType": "Property", "idShort": "ManufacturerOrderCode", "valueType": "xs:string", "value": "O"}}}}}},
		"carbon":      {aas.Submodel, CarbonOf(th), Object{"description": []any{Object{"language": "en", "text": "later"}}}},
		"time series": {aas.Submodel, TimeSeriesOf(th, latest), Object{"category": "PARAMETER"}},
		"shell":       {aas.Shell, ShellOf(th), Object{"assetInformation": Object{"specificAssetIds": []any{Object{"name": "handle", "value": "1/2"}}}, "description": []any{Object{"language": "en", "text": "x"}}}},
	} {
		whole := canonical(t, c.kind, With(c.computed, c.beside))
		rest, path := Besides(c.computed, whole)
		if path != "" {
			t.Errorf("%s: what was told is refused at %s", name, path)
			continue
		}
		again, _ := json.Marshal(canonical(t, c.kind, With(c.computed, rest)))
		if first, _ := json.Marshal(whole); string(first) != string(again) {
			t.Errorf("%s: %s\nbecomes %s", name, first, again)
		}
		if words, _ := json.Marshal(rest); len(words) > 400 {
			t.Errorf("%s: more is kept beside than was put there: %s", name, words)
		}
	}
}

func TestWhatThePlantSaysIsNotReplaced(t *testing.T) {
	th := thing("temperature")
	plate := NameplateOf(th)
	other := canonical(t, aas.Submodel, With(NameplateOf(&Thing{Node: th.Node, Template: &template.Template{Maker: "Somebody else"}}), Object{}))
	if _, path := Besides(plate, other); path != "ManufacturerName.value" {
		t.Errorf("refused at %q", path)
	}
	shell := ShellOf(th)
	stolen := canonical(t, aas.Shell, With(shell, Object{}))
	stolen["assetInformation"].(Object)["globalAssetId"] = "urn:x:other"
	if _, path := Besides(shell, stolen); path != "assetInformation.globalAssetId" {
		t.Errorf("refused at %q", path)
	}
	if got := With(plate, other); named(got["submodelElements"].([]any), "ManufacturerName")["value"].([]any)[0].(Object)["text"] != "Maker & Söhne" {
		t.Error("what stands beside has won")
	}
}
