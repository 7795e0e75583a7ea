package packs_test

import (
	"fmt"
	"io/fs"
	"os"
	"testing"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/lint"
	"jingwei/internal/exchange/match"
	"jingwei/internal/govern/assess"
	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/programme"
	"jingwei/internal/govern/task"
	"jingwei/internal/identify/docking"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/office/form"
	"jingwei/internal/office/ledger"
	registry "jingwei/internal/office/register"
	"jingwei/internal/office/register/party"
	"jingwei/internal/operate/energy/quality"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

// judges are those that the packs which ship are judged by. A driver that is not here yet lets its templates fail.
func judges(t *testing.T) lint.Options {
	t.Helper()
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	return lint.Options{
		Drivers: map[string]driver.Driver{"modbus": modbus.New(), "opcua": opcua.New(opcua.Options{})},
		Sources: []string{"mqtt", "sparkplug", "push"},
		Classes: class.All(classes),
	}
}

// TestPacksAreSound: every file of every folder is read by the room that uses it, and the linter finds nothing, not even
// a doubt.
func TestPacksAreSound(t *testing.T) {
	classes, err := class.Load(packs.Files, "equipment")
	if err != nil {
		t.Fatal(err)
	}
	devices, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	measures, err := incentive.Load(packs.Files, "policy", incentive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := fact.LoadKinds(packs.Files)
	if err != nil {
		t.Fatal(err)
	}
	registers, err := registry.Load(packs.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := party.Load(packs.Files); err != nil { // two tables
		t.Fatal(err)
	}
	flows, err := flow.Load(packs.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := workday.Load(packs.Files); err != nil {
		t.Fatal(err)
	}
	instruments, err := assess.Load(packs.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() error{
		func() error { _, err := programme.Load(packs.Files); return err },
		func() error { _, err := form.Load(packs.Files); return err },
		func() error { _, err := match.LoadKinds(packs.Files); return err },
		func() error { _, err := match.LoadProfile(packs.Files); return err },
		func() error { _, err := ledger.Load(packs.Files); return err },
		func() error { _, err := atlas.Load(packs.Files); return err },
		func() error { _, err := quality.Load(packs.Files); return err },
		func() error { _, err := support.LoadGuide(packs.Files); return err },
		func() error { _, err := docking.LoadGuides(packs.Files); return err },
	} {
		if err := read(); err != nil {
			t.Error(err)
		}
	}
	whole := 0 // files of folders whose rooms read every file and make one thing of them
	for _, dir := range []string{workday.Dir, programme.Dir, form.Dir, match.DirKinds, match.DirProfile, ledger.Dir, support.Dir, quality.Dir, indicator.DefinitionDir, indicator.TargetDir, task.Dir, atlas.Dir, docking.Dir} {
		list, err := fs.Glob(packs.Files, dir+"/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		whole += len(list)
	}
	files, err := fs.Glob(packs.Files, "*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(classes.All()) + len(devices.All()) + len(measures.All()) + len(facts.All()) + len(registers.All()) + len(flows) + whole + len(instruments.All()) + 2; len(files) != want {
		t.Errorf("%d files, %d packs: some file is read by no room: %v", len(files), want, files)
	}
	if n := len(devices.All()); n < 12 {
		t.Errorf("only %d device templates", n)
	}
	o := judges(t)
	for _, d := range devices.All() {
		t.Run(d.ID, func(t *testing.T) {
			data, err := fs.ReadFile(packs.Files, d.File())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range lint.Template(d.File(), data, o) {
				t.Error(f.In("en"))
			}
			if d.Licence == "" {
				t.Errorf("%s: no licence", d.File())
			}
			// What a template says of its tests must be so.
			_, err = os.Stat("testdata/frames/" + d.ID + ".yaml")
			if has := err == nil; has != (d.Tested == template.TestedFrames) {
				t.Errorf("%s: tested: %s, but frames in testdata: %v", d.File(), d.Tested, has)
			}
		})
	}
}

// taskFigures are the targets and definitions that ship (task.Figures).
type taskFigures struct {
	policies    *pack.Set[indicator.Policy]
	definitions *pack.Set[indicator.Definition]
}

func (f taskFigures) Target(id string) (text.Text, string, bool) {
	for _, p := range f.policies.All() {
		for _, t := range p.Targets {
			if t.ID == id {
				return t.Name, t.Indicator, true
			}
		}
	}
	return text.Text{}, "", false
}

func (f taskFigures) Indicator(id string) (text.Text, bool) {
	d := f.definitions.Get(id)
	if d == nil {
		return text.Text{}, false
	}
	return d.Name, true
}

// Each of the 114 tasks of the register is tied to what shows its effect, and each of the 65 numeric targets shows that of a task.
func TestEveryTaskIsTied(t *testing.T) {
	policies, err := pack.Load[indicator.Policy](packs.Files, indicator.TargetDir)
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := pack.Load[indicator.Definition](packs.Files, indicator.DefinitionDir)
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := task.LoadOutcomes(packs.Files, taskFigures{policies, definitions})
	if err != nil {
		t.Fatal(err)
	}
	registers, err := registry.Load(packs.Files)
	if err != nil {
		t.Fatal(err)
	}
	entries := registers.Get("tasks").Entries
	for _, e := range entries {
		if key, _ := e.Content["id"].(string); len(outcomes.Of(key, "")) != 1 {
			t.Errorf("%s is not tied", key)
		}
	}
	if n := len(outcomes.Of("", "")); n != 114 || len(entries) != n {
		t.Errorf("%d ties of %d tasks", n, len(entries))
	}
	targets := 0
	for _, p := range policies.All() {
		for i := range p.Targets {
			if targets++; len(outcomes.Of("", p.Targets[i].ID)) == 0 {
				t.Errorf("%s shows the effect of no task", p.Targets[i].ID)
			}
		}
	}
	if targets != 65 {
		t.Errorf("%d targets", targets)
	}
}

// The two templates that the demo stands on keep what others build on: simulator, demo, console.
func TestDemoTemplatesKeepTheirShape(t *testing.T) {
	devices, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		points  int
		dataset string
		types   map[template.Type]int
	}{
		"cnc-mill-smart-testbed": {26, "cnc_mill_wear", map[template.Type]int{"float64": 20, "int64": 3, "bool": 2, "string": 1}},
		"power-meter-steel":      {12, "steel_energy", map[template.Type]int{"float64": 7, "int64": 2, "bool": 2, "string": 1}},
	} {
		d := devices.Get(id)
		if d == nil {
			t.Errorf("%s is missing", id)
			continue
		}
		types := map[template.Type]int{}
		for _, p := range d.Points {
			types[p.Type]++
			if p.Recorded == nil {
				t.Errorf("%s %s: the recording does not have it", id, p.Key)
			}
		}
		if len(d.Points) != want.points || d.Recording.Dataset != want.dataset || fmt.Sprint(types) != fmt.Sprint(want.types) {
			t.Errorf("%s: %d points of %s, %v", id, len(d.Points), d.Recording.Dataset, types)
		}
	}
}
