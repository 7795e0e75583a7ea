package atlas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
)

// Bounds of a file of outlines.
const (
	MaxFile      = 4 << 20 // bytes
	maxFeatures  = 500
	maxPositions = 200_000
	maxReview    = 40
)

// reviewForm is a review number as authorities write it: GS(2019)1822号, GS京(2022)1061号, 粤S(2021)123号.
var reviewForm = regexp.MustCompile(`^(GS\p{Han}{0,2}|\p{Han}{1,2}S)\((19|20)\d\d\)\d{1,6}号$`)

// Review reads a review number; brackets of either width and the words before it are taken.
func Review(s string) (string, bool) {
	s = strings.NewReplacer("（", "(", "）", ")", "[", "(", "]", ")", "〔", "(", "〕", ")", " ", "", "　", "", "审图号", "", "：", "", ":", "").Replace(s)
	if s != "" && !strings.HasSuffix(s, "号") {
		s += "号"
	}
	return s, len(s) <= maxReview && reviewForm.MatchString(s)
}

// Outline is where one division lies: polygons of rings of positions [longitude, latitude] in degrees; the first ring of a polygon is
// its edge, others are holes (RFC 7946).
type Outline struct {
	Code     string           `json:"code" doc:"GB/T 2260"`
	Polygons [][][][2]float64 `json:"polygons" doc:"Polygons of rings of [longitude, latitude] in degrees; the first ring is the edge, others are holes"`
}

// collection is what of a GeoJSON is read.
type collection struct {
	Type     string `json:"type"`
	Features []struct {
		Type       string `json:"type"`
		Properties struct {
			Code   any `json:"code"`
			Adcode any `json:"adcode"`
		} `json:"properties"`
		Geometry *struct {
			Type        string          `json:"type"`
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"geometry"`
	} `json:"features"`
}

// Fault is what is wrong with a file of outlines.
type Fault struct {
	Where string // features[3].geometry
	Zh    string
	En    string
}

func (f *Fault) Error() string { return f.Where + ": " + f.En }

func wrong(where, zh, en string, args ...any) *Fault {
	return &Fault{where, fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)}
}

// Read reads the outlines of a region's parts out of a GeoJSON FeatureCollection. Each feature says its division in the property code or
// adcode. Error: *Fault.
func Read(data []byte, region string) ([]Outline, error) {
	if len(data) > MaxFile {
		return nil, wrong("$", "文件 %d 字节，最多 %d 字节", "holds %d bytes; at most %d fit", len(data), MaxFile)
	}
	var c collection
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return nil, wrong("$", "不是 GeoJSON：%v", "is no GeoJSON: %v", err)
	}
	if c.Type != "FeatureCollection" {
		return nil, wrong("type", "是 %.40q，应为 FeatureCollection", "is %.40q; a FeatureCollection is wanted", c.Type)
	}
	if len(c.Features) == 0 || len(c.Features) > maxFeatures {
		return nil, wrong("features", "有 %d 个，应为 1 至 %d 个", "holds %d; 1 to %d fit", len(c.Features), maxFeatures)
	}
	var out []Outline
	left := maxPositions
	seen := map[string]bool{}
	for i, f := range c.Features {
		at := fmt.Sprintf("features[%d]", i)
		code := divisionCode(f.Properties.Code)
		if code == "" {
			code = divisionCode(f.Properties.Adcode)
		}
		switch {
		case !Below(code, region):
			return nil, wrong(at+".properties.code", "%.40q 不是 %s 的下一级行政区划代码", "%.40q is no division just below %s", code, region)
		case seen[code]:
			return nil, wrong(at+".properties.code", "%s 出现了两次", "%s comes twice", code)
		case f.Geometry == nil:
			return nil, wrong(at+".geometry", "没有图形", "is missing")
		}
		seen[code] = true
		var polygons [][][][2]float64
		var err error
		switch f.Geometry.Type {
		case "Polygon":
			var one [][][2]float64
			one, err = rings(f.Geometry.Coordinates, at, &left)
			polygons = [][][][2]float64{one}
		case "MultiPolygon":
			var many []json.RawMessage
			if json.Unmarshal(f.Geometry.Coordinates, &many) != nil || len(many) == 0 {
				return nil, wrong(at+".geometry.coordinates", "不是多边形的列表", "is no list of polygons")
			}
			for _, m := range many {
				var one [][][2]float64
				if one, err = rings(m, at, &left); err != nil {
					break
				}
				polygons = append(polygons, one)
			}
		default:
			return nil, wrong(at+".geometry.type", "是 %.40q，应为 Polygon 或 MultiPolygon", "is %.40q; Polygon or MultiPolygon is wanted", f.Geometry.Type)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Outline{code, polygons})
	}
	return out, nil
}

// divisionCode is a code as text or number.
func divisionCode(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// rings reads one polygon. left is how many positions the file may still have.
func rings(data json.RawMessage, at string, left *int) ([][][2]float64, error) {
	at += ".geometry.coordinates"
	var list [][][]float64
	if err := json.Unmarshal(data, &list); err != nil || len(list) == 0 {
		return nil, wrong(at, "不是由环组成的多边形", "is no polygon of rings")
	}
	out := make([][][2]float64, len(list))
	for r, ring := range list {
		if *left -= len(ring); *left < 0 {
			return nil, wrong(at, "坐标点超过 %d 个", "holds more than %d positions", maxPositions)
		}
		for i, p := range ring {
			if len(p) < 2 || math.Abs(p[0]) > 180 || math.Abs(p[1]) > 90 {
				return nil, wrong(fmt.Sprintf("%s[%d][%d]", at, r, i), "%v 不是经纬度（度）", "%v is no longitude and latitude in degrees", p)
			}
			out[r] = append(out[r], [2]float64{p[0], p[1]})
		}
		if len(ring) < 4 || out[r][0] != out[r][len(ring)-1] {
			return nil, wrong(fmt.Sprintf("%s[%d]", at, r), "环不闭合：至少四点，首尾相同", "is not closed: four positions at least, the last one the first")
		}
	}
	return out, nil
}
