package atlas

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestShippedArrangements(t *testing.T) {
	list, err := Load(os.DirFS("../../../packs"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list {
		got = append(got, fmt.Sprint(a.Region, " ", len(a.Tiles)))
	}
	// 34 units of the first level, 11 prefectures of Zhejiang, 14 of Hunan, 21 of Guangdong, 11 districts of Guangzhou, the demo's two cities
	if want := []string{"000000 34", "330000 11", "430000 14", "440000 21", "440100 11", "990000 2"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestBadArrangementsAreRefused(t *testing.T) {
	const head = "id: a\nversion: 1.0.0\nsource: ours\nname: {zh: 甲, en: A}\nregion: '330000'\ntiles:\n"
	for tiles, want := range map[string]string{
		"  - {code: '440100', name: {zh: 广州, en: G}, at: [0, 0]}\n":                                                          `tiles[0].code: "440100" is no part of 330000`,
		"  - {code: '330106', name: {zh: 西湖, en: X}, at: [0, 0]}\n":                                                          "is no part of 330000",
		"  - {code: '330100', name: {zh: 杭州, en: H}, at: [0, 20]}\n":                                                         "lies outside",
		"  - {code: '330100', name: {zh: 杭州}, at: [0, 0]}\n":                                                                 "name",
		"  - {code: '330100', name: {zh: 杭州, en: H}, at: [0, 0]}\n  - {code: '330200', name: {zh: 宁波, en: N}, at: [0, 0]}\n": "[0 0] is taken by 330100",
		"  - {code: '330100', name: {zh: 杭州, en: H}, at: [0, 0]}\n  - {code: '330100', name: {zh: 杭州, en: H}, at: [1, 0]}\n": "is laid out twice",
		"  []\n": "tiles",
	} {
		if _, err := Load(fstest.MapFS{"tiles/a.yaml": {Data: []byte(head + tiles)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", tiles, err, want)
		}
	}
	two := fstest.MapFS{}
	for _, id := range []string{"a", "b"} {
		two["tiles/"+id+".yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(head, "id: a", "id: "+id, 1) + "  - {code: '330100', name: {zh: 杭州, en: H}, at: [0, 0]}\n")}
	}
	if _, err := Load(two); err == nil || !strings.Contains(err.Error(), "330000 is laid out by a too") {
		t.Error(err)
	}
}

func TestReviewNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"GS(2019)1822号": "GS(2019)1822号", "审图号：GS京（2022）1061号": "GS京(2022)1061号", "粤S（2021）123": "粤S(2021)123号", "浙S(2023)45号": "浙S(2023)45号",
	} {
		if got, ok := Review(in); !ok || got != want {
			t.Errorf("%s: %q %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "号", "none", "GS(1822)号", "GS(2019)号", "A S(2019)12号", "GS(2019)1822号 and more"} {
		if got, ok := Review(in); ok {
			t.Errorf("%q is taken as %q", in, got)
		}
	}
}

func geo(features ...string) []byte {
	return []byte(`{"type":"FeatureCollection","features":[` + strings.Join(features, ",") + `]}`)
}

func feature(property, kind, coordinates string) string {
	return `{"type":"Feature","properties":{` + property + `},"geometry":{"type":"` + kind + `","coordinates":` + coordinates + `}}`
}

const square = `[[[120,30],[121,30],[121,31],[120,30]]]`

func TestOutlinesAreRead(t *testing.T) {
	list, err := Read(geo(feature(`"code":"330100"`, "Polygon", square), feature(`"adcode":330200`, "MultiPolygon", "["+square+","+square+"]")), "330000")
	if err != nil || len(list) != 2 || list[0].Code != "330100" || list[1].Code != "330200" || len(list[1].Polygons) != 2 || list[0].Polygons[0][0][1] != [2]float64{121, 30} {
		t.Errorf("%v %v", list, err)
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{[]byte("{"), "$: is no GeoJSON"},
		{[]byte(`{"type":"Feature"}`), "type: is"},
		{geo(), "features: holds 0"},
		{geo(feature(`"code":"440100"`, "Polygon", square)), "features[0].properties.code"},
		{geo(feature(`"code":"330100"`, "Polygon", square), feature(`"code":"330100"`, "Polygon", square)), "330100 comes twice"},
		{geo(feature(`"code":"330100"`, "Point", "[120,30]")), "features[0].geometry.type"},
		{geo(`{"properties":{"code":"330100"},"geometry":null}`), "features[0].geometry: is missing"},
		{geo(feature(`"code":"330100"`, "Polygon", `[[[120,30],[121,30],[121,31]]]`)), "is not closed"},
		{geo(feature(`"code":"330100"`, "Polygon", `[[[13358338,3503549],[1,1],[1,1],[13358338,3503549]]]`)), "is no longitude and latitude"},
		{geo(feature(`"code":"330100"`, "MultiPolygon", `[]`)), "is no list of polygons"},
		{geo(feature(`"code":"330100"`, "Polygon", "[["+strings.Repeat("[1,1],", maxPositions)+"[1,1]]]")), "positions"},
		{make([]byte, MaxFile+1), "bytes"},
	} {
		_, err := Read(c.data, "330000")
		var fault *Fault
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) || fault.Zh == "" {
			t.Errorf("%.80s: %v, want %s", c.data, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(geo(feature(`"code":"330100"`, "Polygon", square)))
	f.Add(geo(feature(`"adcode":330200`, "MultiPolygon", "["+square+"]")))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Read(data, "330000")
		if (err == nil) != (len(list) > 0) {
			t.Errorf("%d outlines and %v", len(list), err)
		}
		for _, o := range list {
			if !Below(o.Code, "330000") || len(o.Polygons) == 0 {
				t.Errorf("%+v", o)
			}
		}
	})
}

func TestMapsOfOrganisations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := audit.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		clock := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		s := proof.Must(New(t.Context(), Options{DB: db, Now: func() time.Time { return clock }}))
		a, b := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		as := func(org uuid.UUID, role auth.Role) context.Context { return authtest.As(t.Context(), org, role) }
		in := Loaded{Org: a, Region: "330000", Review: "审图号：浙S(2023)45号", Source: "标准地图服务", File: geo(feature(`"code":"330100"`, "Polygon", square))}
		if _, err := s.Load(as(a, auth.Viewer), in); !errors.Is(err, auth.ErrForbidden) {
			t.Error(err)
		}
		if _, err := s.Load(as(b, auth.Owner), in); !errors.Is(err, auth.ErrNotFound) {
			t.Error(err)
		}
		owner := as(a, auth.Owner)
		for kind, bad := range map[*problem.Kind]Loaded{
			ErrReview: {a, "330000", "", "x", in.File}, ErrRegion: {a, "330106", in.Review, "x", in.File}, ErrSource: {a, "330000", in.Review, " ", in.File}, ErrFile: {a, "330000", in.Review, "x", nil},
		} {
			if _, err := s.Load(owner, bad); !errors.Is(err, kind) {
				t.Errorf("%v, want %v", err, kind)
			}
		}
		if m, err := s.Load(owner, in); err != nil || m.Review != "浙S(2023)45号" || m.Divisions != 1 {
			t.Fatalf("%+v %v", m, err)
		}
		in.Review, clock = "浙S(2024)1号", clock.Add(time.Hour)
		if _, err := s.Load(owner, in); err != nil { // takes the place of the first
			t.Fatal(err)
		}
		list, err := s.Maps(as(a, auth.Viewer), a)
		if err != nil || len(list) != 1 || list[0].Review != "浙S(2024)1号" || list[0].By.Name != "test" || list[0].Outlines != nil || len(list[0].SHA256) != 64 {
			t.Errorf("%+v %v", list, err)
		}
		if m, err := s.Map(as(a, auth.Viewer), a, "330000"); err != nil || len(m.Outlines) != 1 || m.At != clock.UnixNano() {
			t.Errorf("%+v %v", m, err)
		}
		if _, err := s.Map(as(b, auth.Owner), a, "330000"); !errors.Is(err, auth.ErrNotFound) {
			t.Error(err)
		}
		if err := s.Remove(as(b, auth.Owner), a, "330000"); !errors.Is(err, auth.ErrNotFound) {
			t.Error(err)
		}
		if err := s.Remove(owner, a, "330000"); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(owner, a, "330000"); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	if missing := proof.Must(problem.ReadCatalogue(texts, "texts")).Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
