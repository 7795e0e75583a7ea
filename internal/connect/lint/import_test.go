package lint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/lint"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/packs"
)

const press = `厂区,区域,产线,设备,设备类别,设备模板,键,名称（中文）,名称（英文）,类型,单位,地址,编码,倍率,采集周期,备注
一厂,冲压,,压机,large-machine,,force,压力,Force,float64,kN,holding:0,f32,,2s,主缸
一厂,冲压,,压机,,,stroke,行程,Stroke,float64,mm,holding:2,i16,0.1,,
一厂,,,电表,,power-meter-steel,,,,,,,,,,
`

// declared takes every series.
type declared struct{}

func (declared) Declare(_ context.Context, d []telemetry.Declaration) ([]telemetry.Ref, error) {
	return make([]telemetry.Ref, len(d)), nil
}

// Plant's import tells all that is wrong in a file at once; what is wrong in an address is the driver's to say.
func TestEveryErrorOfAnImportedFileIsTold(t *testing.T) {
	db, ctx, org := storetest.SQLite(t), t.Context(), uuid.Must(uuid.NewV7())
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	h, err := plant.New(ctx, plant.Options{
		DB: db, Templates: proof.Must(template.Load(packs.Files, "devices")), Classes: proof.Must(class.Load(packs.Files, "equipment")),
		Series: declared{}, Now: func() time.Time { return time.Date(2026, 5, 31, 8, 0, 0, 0, time.UTC) }, Judge: lint.Judge(o),
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := h.Import(ctx, auth.System(org), plant.Import{Org: org, Data: []byte(press)})
	if err != nil || len(before.Errors) > 0 {
		t.Fatal(err, before)
	}
	file := `level,id,site,area,line,machine,name.zh,name.en,class,template,key,type,unit,address,encoding,order,scale,every,report,maxSilence,values
,,一厂,冲压,,压机,力,,,,force,int64,kN,holding:0,f32,,,2s,,,
,,一厂,冲压,,压机,甲,,,,a,float64,kN,holding:0,f32,,zwei,soon,sometimes,1s,
,,一厂,冲压,,压机,乙,,,,a,float64,1,holding:0,f32,,,,,,
,not-an-id,一厂,冲压,,压机,丙,,,,c,float64,1,holding:0,f32,,,,,,
,0190a0b0-0000-7000-8000-00000000ffff,一厂,冲压,,压机,丁,,,,d,float64,1,holding:0,f32,,,,,,
hall,,一厂,,,,x,,,,,,,,,,,,,,
area,,一厂,,,,二,,plant-auxiliary,,,,,,,,,,,,
,,,,,孤,点,,,,e,float64,1,holding:0,f32,,,,,,
machine,,一厂,,,,新,,spaceship,loom,,,,,,,,,,,
machine,,一厂,,,,电表,,,cnc-mill-smart-testbed,,,,,,,,,,,
,,一厂,,,电表,地址,,,,x,float64,V,holding:99999,f32,,,,,,
,,一厂,,,电表,值,,,,y,int64,1,holding:900,u16,,,,,,0=零; eins
,,一厂,,,电表,=1+1,,,,z,float64,1,holding:902,f32,,,,,,
line,,一厂,,线,,另,,,,,,,,,,,,,,
`
	out, err := h.Import(ctx, auth.System(org), plant.Import{Org: org, Data: []byte(file)})
	if err != nil || out.Applied {
		t.Fatal(err, out.Applied)
	}
	var got []string
	for _, e := range out.Errors {
		got = append(got, fmt.Sprintf("%d %s %s %s", e.Row, e.Cell, e.Code, e.Value))
		if e.Message.Zh == "" || e.Message.En == "" || e.Mend.Zh == "" || e.Mend.En == "" {
			t.Errorf("%+v has no words", e)
		}
	}
	want := []string{
		"2 L2 point-fixed int64",
		"3 Q3 point-scale zwei", "3 R3 point-every soon", "3 S3 point-report sometimes", "4 K4 twice a", "5 B5 id-invalid not-an-id", "6 B6 id-unknown 0190a0b0-0000-7000-8000-00000000ffff",
		"7 A7 level-unknown hall", "8 I8 not-for-level plant-auxiliary", "9 F9 level-wrong 孤", "10 I10 class-unknown spaceship", "10 J10 template-unknown loom", "11 J11 template-fixed cnc-mill-smart-testbed",
		"12 N12 point-address holding:99999", "13 U13 point-values 0=零; eins", "15 E15 name-differs 线",
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not told: %s", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("told:\n%s", strings.Join(got, "\n"))
	}
}
