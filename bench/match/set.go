package match

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/exchange/match"
)

// The judged set. Each need and each supply has hidden attributes: the problem that it is really about (a topic, several in each kind of
// need), the trade, what it costs, the equipment, whether it is on the spot. The grade of a pair follows from the hidden attributes
// alone (grade). What the matcher sees is made of them with loss: texts from templates in which firms and providers use different words
// for the same topic, kinds that firms file wrongly and providers claim too widely, trades and prices that are left out. So neither
// grade nor text knows the matcher's formula, and no signal is always right.

// topic is a problem that is really had, with the words of firms and those of providers. They are different on purpose; some are shared.
type topic struct {
	kind   string
	firm   []string
	supply []string
}

var topics = []topic{
	{"equipment-networking", []string{"机台数据读不出来", "老机器没有网口", "想随时看到每台机器开没开"}, []string{"加装采集网关接入存量设备", "多协议数控系统接入", "设备联网与状态监控"}},
	{"equipment-networking", []string{"机械手和注塑机要互相通讯", "整线设备信号对不上"}, []string{"产线设备互联与信号联动", "PLC 与机器人通讯集成"}},
	{"equipment-networking", []string{"各分厂的机台想在总部看", "异地设备集中看"}, []string{"多基地设备远程接入平台", "设备上云与集中监控"}},
	{"data-collection", []string{"产量靠人抄表", "日报要第二天才出来"}, []string{"产量自动采集与电子看板", "生产数据实时统计"}},
	{"data-collection", []string{"各部门表格对不上数", "同一个物料几套编码"}, []string{"主数据治理与数据共享平台", "跨系统数据整合"}},
	{"manufacturing-execution", []string{"不知道订单做到哪一步", "在制品堆在车间找不到"}, []string{"制造执行系统：工单跟踪与在制品管理", "车间进度可视化"}},
	{"manufacturing-execution", []string{"工人手写流转卡", "计件工资月底算不清"}, []string{"扫码报工与计件核算", "无纸化工单流转"}},
	{"planning-system", []string{"插单就乱", "交期总是答不准"}, []string{"高级排程与交期承诺", "有限产能排产软件"}},
	{"planning-system", []string{"模具来回换浪费时间", "换型顺序靠老师傅"}, []string{"换型优化的排产算法", "模具与机台匹配排程"}},
	{"quality-system", []string{"外观瑕疵靠眼睛看", "漏检被客户退货"}, []string{"机器视觉外观检测", "表面缺陷自动识别"}},
	{"quality-system", []string{"客户要追溯报告拿不出来", "批次混了查不到"}, []string{"质量追溯与批次管理", "一物一码追溯系统"}},
	{"quality-system", []string{"尺寸波动大不知道原因", "首件合格后面又跑偏"}, []string{"统计过程控制与预警", "SPC 在线分析"}},
	{"equipment-management", []string{"主轴突然坏了停产", "坏了才修"}, []string{"振动监测与预测性维护", "旋转设备故障诊断"}},
	{"equipment-management", []string{"保养做没做没人知道", "备件找不到"}, []string{"点检保养与备件管理软件", "设备台账与维修工单"}},
	{"energy-saving", []string{"空压机电费太高", "气压总不够又费电"}, []string{"空压站群控与余热回收", "压缩空气系统节能改造"}},
	{"energy-saving", []string{"窑炉烧气太多", "烟气白白排掉"}, []string{"工业窑炉燃烧优化", "烟气余热利用"}},
	{"energy-management", []string{"一张总电表分不清谁用的", "不知道哪条线费电"}, []string{"分项计量与能耗监测", "车间级能源管理系统"}},
	{"energy-management", []string{"要报碳排放数据不会算", "客户问产品碳足迹"}, []string{"碳排放核算与产品碳足迹", "碳管理平台"}},
	{"warehouse-system", []string{"账实不符", "盘点要停两天"}, []string{"条码仓储与库存管理", "仓库管理软件"}},
	{"warehouse-system", []string{"搬运全靠叉车工", "线边料送不及时"}, []string{"移动机器人与智能搬运", "自动配送上线"}},
	{"purchasing-system", []string{"报价比来比去靠微信", "供应商交货不准"}, []string{"电子询比价与供应商协同", "采购管理平台"}},
	{"supply-chain-integration", []string{"主机厂的计划变了我们不知道", "上下游库存不透明"}, []string{"供应链协同与预测共享", "与主机厂订单对接"}},
	{"network-security", []string{"电脑中过勒索病毒", "车间电脑随便插优盘"}, []string{"工控主机防护与白名单", "工业防火墙与病毒防护"}},
	{"network-security", []string{"要过等保不知道从哪开始", "客户来查信息安全"}, []string{"等级保护咨询与整改", "信息安全合规服务"}},
	{"data-security", []string{"图纸被人带走", "离职员工拷资料"}, []string{"图纸加密与防泄漏", "终端文档安全"}},
	{"design-software", []string{"还在用二维画图", "改图版本弄混"}, []string{"三维设计与图文档管理", "产品数据管理 PLM"}},
	{"process-design-software", []string{"试模次数太多", "新产品缩水变形"}, []string{"模流分析与试模优化", "成形仿真软件"}},
	{"process-design-software", []string{"工艺文件手工写", "编程靠一个人"}, []string{"工艺卡片自动生成 CAPP", "数控编程与工艺库"}},
	{"information-systems", []string{"几套软件都不通", "还在用单机账套"}, []string{"云化企业资源计划一体化", "中小企业云 ERP"}},
	{"marketing-system", []string{"客户资料在业务员手里", "跟单靠记忆"}, []string{"客户关系与商机管理", "销售过程管理软件"}},
	{"service-system", []string{"客户报修没人跟", "配件发错"}, []string{"售后工单与备件服务", "现场服务管理"}},
	{"remote-service", []string{"卖出去的设备出了问题要飞过去", "想远程看客户那里的机器"}, []string{"产品远程运维与诊断", "出厂设备联网服务"}},
	{"decision-support", []string{"老板要看的数要等三天", "开会各说各的数"}, []string{"经营驾驶舱与报表", "商业智能分析"}},
	{"transformation-planning", []string{"不知道先上什么", "怕花钱没效果"}, []string{"数字化转型诊断与规划", "转型路线咨询"}},
	{"digital-talent", []string{"买了系统没人会用", "招不到懂自动化的人"}, []string{"数字化技能培训与实训", "现场工程师培养"}},
	{"productivity", []string{"招工难想用机器代替", "打磨岗位没人干"}, []string{"工业机器人集成应用", "自动打磨与上下料单元"}},
	{"quality-improvement", []string{"不良率降不下来", "参数凭经验调"}, []string{"工艺参数优化提升良率", "基于数据的质量改进"}},
	{"cost-reduction", []string{"料耗比别人高", "余料没法利用"}, []string{"套料优化与材料利用率提升", "物料损耗分析"}},
	{"safety-system", []string{"粉尘车间怕出事", "安全检查都是纸面的"}, []string{"粉尘防爆在线监测", "安全隐患排查数字化"}},
	{"finance-system", []string{"成本算不到产品", "财务和业务两张皮"}, []string{"业财一体与标准成本", "产品成本核算系统"}},
}

type trade struct {
	code, firm, supply string
}

var trades = []trade{
	{"29", "注塑", "塑料制品"}, {"36", "汽车零部件", "汽车配件"}, {"30", "陶瓷", "建筑陶瓷"}, {"17", "织布", "纺织"}, {"38", "小家电", "家用电器"},
	{"33", "五金", "金属制品"}, {"21", "家具", "家具制造"}, {"39", "电路板", "电子元件"}, {"14", "食品", "食品加工"}, {"35", "专用设备", "装备制造"},
}

var gear = []string{"Modbus", "OPC UA", "西门子", "发那科", "三菱", "MQTT", "欧姆龙", "海天"}

// hidden are the attributes that decide.
type hidden struct {
	topic  int
	trade  int // of a supply: -1 for any
	money  int64
	gear   map[int]bool
	onSpot bool // of a need: must be in the province; of a supply: is there
}

// grade of a pair, 0 to 3, from hidden attributes alone. 3: solves the very problem, knows the trade, affordable and connects to the
// equipment. 2: solves the problem and fails in one of these. 1: solves it and fails in more, or is about another problem of the same
// kind in the same trade. 0: anything else.
func grade(need, supply *hidden) int {
	if need.topic != supply.topic {
		if topics[need.topic].kind == topics[supply.topic].kind && need.trade == supply.trade {
			return 1
		}
		return 0
	}
	misses := 0
	if supply.trade >= 0 && supply.trade != need.trade {
		misses++
	}
	if supply.money > need.money {
		misses++
	}
	for g := range need.gear {
		if !supply.gear[g] {
			misses++
			break
		}
	}
	if need.onSpot && !supply.onSpot {
		misses++
	}
	return max(1, 3-misses)
}

// Set is the judged set.
type Set struct {
	Needs    []*match.Want
	Supplies []*match.Supply
	needs    []hidden
	supplies []hidden
}

// Grade of a pair by its numbers.
func (s *Set) Grade(need, supply int) int { return grade(&s.needs[need], &s.supplies[supply]) }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func gears(r *rand.Rand, most int) map[int]bool {
	out := map[int]bool{}
	for range r.IntN(most + 1) {
		out[r.IntN(len(gear))] = true
	}
	return out
}

func named(g map[int]bool) (out []string) {
	for i, n := range gear {
		if g[i] {
			out = append(out, n)
		}
	}
	return out
}

var needTemplates = []string{"%[2]s厂，%[1]s，求解决办法", "我们做%[2]s的，%[1]s", "%[1]s，%[2]s车间%[3]d台机器", "%[3]d人的%[2]s企业，%[1]s，想找人来看看", "%[1]s"}
var supplyTemplates = []string{"面向%[2]s行业的%[1]s", "%[1]s解决方案，服务%[2]s企业%[3]d家", "%[1]s", "专注%[2]s：%[1]s，实施周期%[3]d天", "%[1]s，提供咨询、实施与运维"}
var filler = []string{"公司成立于二零一零年，拥有一支专业团队。", "支持私有化部署，也可按年订阅。", "已通过软件能力认证，拥有多项软件著作权。", "提供免费试用和上门演示。", "希望对方有本地服务团队。", "预算有限，希望分步实施。", "最好能对接现有系统。", "之前试过别家，没有做成。"}

// NewSet makes a set. The same seed gives the same set.
func NewSet(seed uint64, needs, supplies int) *Set {
	r := rand.New(rand.NewPCG(seed, 0x6d61746368))
	s := &Set{}
	id := func(kind byte, n int) uuid.UUID {
		return uuid.UUID{kind, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	}
	for i := range supplies {
		h := hidden{topic: r.IntN(len(topics)), trade: r.IntN(len(trades)+3) - 3, money: int64(2+r.IntN(60)) * 1_000_000, gear: gears(r, 5), onSpot: r.IntN(3) > 0}
		h.trade = max(h.trade, -1)
		t := topics[h.topic]
		about := "制造"
		if h.trade >= 0 {
			about = trades[h.trade].supply
		}
		x := &match.Supply{ID: id(2, i), Provider: id(3, i%(supplies/3+1)), ProviderName: fmt.Sprintf("服务商%d", i%(supplies/3+1)), Kinds: []string{t.kind},
			Title: fmt.Sprintf(pick(r, supplyTemplates), pick(r, t.supply), about, r.IntN(50)+3)}
		x.Words = strings.Join([]string{pick(r, t.supply), pick(r, filler), pick(r, filler)}, "。")
		if r.IntN(3) == 0 { // some speak the language of firms
			x.Words += "解决" + pick(r, t.firm) + "的问题"
		}
		for range r.IntN(3) { // and claim more than they do
			x.Kinds = append(x.Kinds, pick(r, topics).kind)
		}
		if r.IntN(8) == 0 {
			x.Kinds = x.Kinds[1:] // or file it under something else alone
		}
		if h.trade >= 0 && r.IntN(5) > 0 {
			x.Trades = []string{trades[h.trade].code}
			if r.IntN(4) == 0 {
				x.Trades = append(x.Trades, pick(r, trades).code)
			}
		}
		if r.IntN(4) > 0 {
			price := h.money
			x.From = &price
		}
		if r.IntN(3) > 0 {
			x.Protocols = named(h.gear)
		}
		if h.onSpot && r.IntN(3) > 0 {
			x.Regions = []string{"440000"}
		} else if !h.onSpot && r.IntN(2) == 0 {
			x.Regions = []string{"310000"}
		}
		if r.IntN(2) == 0 {
			c := match.Case{ID: id(4, i), Title: about + "案例", Kinds: []string{t.kind}, Year: int64(2018 + r.IntN(8))}
			if h.trade >= 0 {
				c.Trade = trades[h.trade].code
			} else {
				c.Trade = pick(r, trades).code
			}
			x.Cases = []match.Case{c}
		}
		if r.IntN(3) == 0 {
			rating := int64(40 + r.IntN(61))
			x.Rating = &rating
		}
		s.Supplies, s.supplies = append(s.Supplies, x), append(s.supplies, h)
	}
	for i := range needs {
		h := hidden{topic: r.IntN(len(topics)), trade: r.IntN(len(trades)), money: int64(5+r.IntN(60)) * 1_000_000, gear: gears(r, 2), onSpot: r.IntN(2) == 0}
		t := topics[h.topic]
		w := &match.Want{ID: id(1, i), Kind: t.kind, Title: fmt.Sprintf(pick(r, needTemplates), pick(r, t.firm), trades[h.trade].firm, r.IntN(90)+5)}
		w.Words = pick(r, t.firm) + "。" + pick(r, filler)
		if r.IntN(3) == 0 { // some know the term of the trade
			w.Words += "听说可以用" + pick(r, t.supply)
		}
		if r.IntN(10) == 0 { // and some file it under the wrong kind
			w.Kind = pick(r, topics).kind
		}
		if r.IntN(10) > 0 {
			w.Trade = trades[h.trade].code
		}
		if r.IntN(5) > 0 {
			budget := h.money
			w.To = &budget
		}
		if r.IntN(2) == 0 {
			w.Protocols = named(h.gear)
		}
		w.Region = "440600"
		s.Needs, s.needs = append(s.Needs, w), append(s.needs, h)
	}
	return s
}
