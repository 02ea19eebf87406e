package ballot

import (
	"fmt"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/wire"
)

const manifestFormat = "scrutin/manifest/v1"

// manifestDocument is a manifest as JSON. docs/spec/manifest.md describes it.
type manifestDocument struct {
	Format     string             `json:"format"`
	Title      Text               `json:"title"`
	Questions  []questionDocument `json:"questions"`
	Census     censusDocument     `json:"census"`
	Key        keyDocument        `json:"key"`
	Trustees   []trusteeDocument  `json:"trustees"`
	Threshold  int                `json:"threshold"`
	Membership membershipDocument `json:"membership"`
	Opens      int64              `json:"opens"`
	Closes     int64              `json:"closes"`
	Revote     revoteDocument     `json:"revote"`
	Log        logDocument        `json:"log"`
	Boxes      []logDocument      `json:"boxes,omitempty"`
	Copies     int                `json:"copies,omitempty"`
}

type questionDocument struct {
	ID      QuestionID       `json:"id"`
	Title   Text             `json:"title"`
	Text    *textDocument    `json:"text,omitempty"`
	Rule    ruleDocument     `json:"rule"`
	Options []optionDocument `json:"options"`
}

type textDocument struct {
	URI    string     `json:"uri"`
	SHA256 wire.Hex32 `json:"sha256"`
}

type optionDocument struct {
	ID    OptionID `json:"id"`
	Title Text     `json:"title"`
}

type censusDocument struct {
	Root         census.Root `json:"root"`
	Depth        int         `json:"depth"`
	Size         uint64      `json:"size"`
	Weighted     bool        `json:"weighted"`
	TotalWeight  uint64      `json:"totalWeight"`
	MinimumClass uint64      `json:"minimumClass"`
}

type keyDocument struct {
	Public   pointHex   `json:"public"`
	Ceremony wire.Hex32 `json:"ceremony"`
}

type trusteeDocument struct {
	Name string   `json:"name"`
	Key  pointHex `json:"key"`
}

type membershipDocument struct {
	VerifyingKey wire.Hex32 `json:"verifyingKey"`
	ProvingKey   wire.Hex32 `json:"provingKey"`
	Provenance   string     `json:"provenance"`
}

type revoteDocument struct {
	Rule  RevoteRule `json:"rule"`
	Limit uint32     `json:"limit"`
}

type logDocument struct {
	Origin string `json:"origin"`
	Key    string `json:"key"`
}

// pointHex is the encoding of a point, in JSON 128 hexadecimal digits.
type pointHex [64]byte

func (p pointHex) MarshalText() ([]byte, error) { return wire.Hex(p[:]).MarshalText() }

func (p *pointHex) UnmarshalText(text []byte) error {
	var h wire.Hex
	if len(text) != 128 {
		return fmt.Errorf("%w: point of %d hexadecimal digits, 128 wanted", ErrMalformed, len(text))
	}
	if err := h.UnmarshalText(text); err != nil {
		return err
	}
	*p = pointHex(h)
	return nil
}

func (d Draft) document() manifestDocument {
	doc := manifestDocument{
		Format:     manifestFormat,
		Title:      d.Title,
		Census:     censusDocument(d.Census),
		Key:        keyDocument{d.PublicKey, d.Ceremony},
		Threshold:  d.Threshold,
		Membership: membershipDocument{d.Membership.VerifyingKey, d.Membership.ProvingKey, d.Membership.Provenance},
		Opens:      d.Opens,
		Closes:     d.Closes,
		Revote:     revoteDocument(d.Revote),
		Log:        logDocument(d.Log),
		Copies:     d.Copies,
	}
	for _, l := range d.Boxes {
		doc.Boxes = append(doc.Boxes, logDocument(l))
	}
	for _, q := range d.Questions {
		question := questionDocument{ID: q.ID, Title: q.Title, Rule: ruleDocument{q.Rule}}
		if q.Text != nil {
			question.Text = &textDocument{q.Text.URI, q.Text.SHA256}
		}
		for _, o := range q.Options {
			question.Options = append(question.Options, optionDocument(o))
		}
		doc.Questions = append(doc.Questions, question)
	}
	for _, t := range d.Trustees {
		doc.Trustees = append(doc.Trustees, trusteeDocument{t.Name, t.Key})
	}
	return doc
}

func (doc *manifestDocument) draft() Draft {
	d := Draft{
		Title:      doc.Title,
		Census:     CensusInfo(doc.Census),
		PublicKey:  doc.Key.Public,
		Ceremony:   doc.Key.Ceremony,
		Threshold:  doc.Threshold,
		Membership: MembershipInfo{doc.Membership.VerifyingKey, doc.Membership.ProvingKey, doc.Membership.Provenance},
		Opens:      doc.Opens,
		Closes:     doc.Closes,
		Revote:     Revote(doc.Revote),
		Log:        LogInfo(doc.Log),
		Copies:     doc.Copies,
	}
	for _, l := range doc.Boxes {
		d.Boxes = append(d.Boxes, LogInfo(l))
	}
	for _, q := range doc.Questions {
		question := Question{ID: q.ID, Title: q.Title, Rule: q.Rule.Rule}
		if q.Text != nil {
			question.Text = &Document{q.Text.URI, q.Text.SHA256}
		}
		for _, o := range q.Options {
			question.Options = append(question.Options, Option(o))
		}
		d.Questions = append(d.Questions, question)
	}
	for _, t := range doc.Trustees {
		d.Trustees = append(d.Trustees, Trustee{t.Name, t.Key})
	}
	return d
}
