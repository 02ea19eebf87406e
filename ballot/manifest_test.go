package ballot

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/wire"
)

func TestManifestRoundTrip(t *testing.T) {
	d, _ := draft(t)
	d.Questions[0].Text = &Document{URI: "ipfs://bafybeigdyrzt5", SHA256: sha256.Sum256([]byte("law"))}
	d.Questions = append(d.Questions, question("approve", Approval{}, "a", "b"))
	m, err := NewManifest(d)
	require.NoError(t, err)
	require.Equal(t, ElectionID(sha256.Sum256(m.Bytes())), m.ID())

	parsed, err := ParseManifest(m.Bytes())
	require.NoError(t, err)
	require.Equal(t, m.ID(), parsed.ID())
	require.Equal(t, d.Title, parsed.Title())
	require.Equal(t, d.Questions, parsed.Questions())
	require.Equal(t, d.Census, parsed.Census())
	require.Equal(t, d.PublicKey, parsed.PublicKey().Bytes())
	require.Equal(t, d.Ceremony, parsed.Ceremony())
	require.Equal(t, d.Trustees, parsed.Trustees())
	require.Equal(t, d.Threshold, parsed.Threshold())
	require.Equal(t, d.Membership, parsed.Membership())
	require.Equal(t, d.Opens, parsed.Opens())
	require.Equal(t, d.Closes, parsed.Closes())
	require.Equal(t, d.Revote, parsed.Revote())
	require.Equal(t, d.Log, parsed.Log())

	id, err := ParseElectionID(m.ID().String())
	require.NoError(t, err)
	require.Equal(t, m.ID(), id)
	for _, bad := range []string{"", m.ID().String()[1:], m.ID().String() + "0", strings.ToUpper(m.ID().String()[:63]) + "G"} {
		_, err := ParseElectionID(bad)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

func TestWhatAManifestReturnsCannotChangeIt(t *testing.T) {
	d, _ := draft(t)
	d.Questions[0].Text = &Document{URI: "ipfs://bafybeigdyrzt5", SHA256: sha256.Sum256([]byte("law"))}
	m, err := NewManifest(d)
	require.NoError(t, err)
	before, err := wire.MarshalCanonical(m.draft.document())
	require.NoError(t, err)

	for _, q := range [][]Question{d.Questions, m.Questions()} {
		q[0].ID, q[0].Options[0].ID, q[0].Text.URI = "x", "x", "x"
		q[0].Title["en"], q[0].Options[0].Title["en"] = "x", "x"
	}
	for _, title := range []Text{d.Title, m.Title()} {
		title["en"] = "x"
	}
	for _, trustees := range [][]Trustee{d.Trustees, m.Trustees()} {
		trustees[0].Name = "x"
	}
	m.Bytes()[0]++
	m.PublicKey().Point().SetIdentity()
	key := m.PublicKey().Bytes()
	*m.PublicKey() = elgamal.PublicKey{}
	require.Equal(t, key, m.PublicKey().Bytes())
	require.Same(t, m.PublicKey().Table(), m.PublicKey().Table(), "made once")

	after, err := wire.MarshalCanonical(m.draft.document())
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.Equal(t, after, m.Bytes())
	require.False(t, m.PublicKey().Point().IsIdentity())
}

// Whatever is refused in a draft is refused in a manifest that someone else wrote.
func TestManifestsThatMakeNoSenseAreRefused(t *testing.T) {
	torsion := babyjubtest.Torsion()
	mixed := *babyjub.NewGenerator()
	mixed.Add(&mixed, &torsion[1])
	_, otherKey, err := note.GenerateKey(rand.Reader, "other.example.org")
	require.NoError(t, err)
	many := func(n int) (out []Question) {
		for i := range n {
			out = append(out, question(QuestionID(fmt.Sprint("q", i)), Approval{}, "a"))
		}
		return out
	}
	texts := func(n int) Text {
		out := Text{}
		for i := range n {
			out[fmt.Sprintf("%c%c", 'a'+i/26, 'a'+i%26)] = "x"
		}
		return out
	}

	for name, test := range map[string]struct {
		want string
		edit func(*Draft)
	}{
		"no title":             {"title", func(d *Draft) { d.Title = nil }},
		"empty title":          {"empty text", func(d *Draft) { d.Title = text("") }},
		"no language":          {"0 languages", func(d *Draft) { d.Title = Text{} }},
		"too many languages":   {"33 languages", func(d *Draft) { d.Title = texts(33) }},
		"bad language":         {"no language tag", func(d *Draft) { d.Title = Text{"e_n!": "x"} }},
		"no language at all":   {"no language tag", func(d *Draft) { d.Title = Text{"und": "x"} }},
		"long language":        {"36 bytes", func(d *Draft) { d.Title = Text{"en-x-" + strings.Repeat("a-", 15) + "b": "x"} }},
		"language not canon":   {`write "pt-BR"`, func(d *Draft) { d.Title = Text{"pt-br": "x"} }},
		"old language":         {`write "he"`, func(d *Draft) { d.Title = Text{"iw": "x"} }},
		"unknown subtag":       {"no language tag", func(d *Draft) { d.Title = Text{"de-1999": "x"} }},
		"language missing":     {"languages", func(d *Draft) { d.Title = Text{"en": "x", "fr": "x"} }},
		"option's language":    {"option 2: title", func(d *Draft) { d.Questions[0].Options[1].Title = Text{"fr": "x"} }},
		"text too long":        {"4097 bytes", func(d *Draft) { d.Title = text(strings.Repeat("x", 4097)) }},
		"invalid UTF-8":        {"", func(d *Draft) { d.Title = text("a\xff") }},
		"newline":              {"U+000A", func(d *Draft) { d.Title = text("a\nb") }},
		"NUL":                  {"U+0000", func(d *Draft) { d.Title = text("a\x00b") }},
		"escape":               {"U+009B", func(d *Draft) { d.Title = text("a\u009bb") }},
		"right to left":        {"U+202E", func(d *Draft) { d.Title = text("a\u202eb") }},
		"isolate":              {"U+2067", func(d *Draft) { d.Title = text("a\u2067b") }},
		"line separator":       {"U+2028", func(d *Draft) { d.Title = text("a\u2028b") }},
		"byte order mark":      {"U+FEFF", func(d *Draft) { d.Title = text("a\ufeffb") }},
		"zero-width space":     {"U+200B", func(d *Draft) { d.Title = text("a\u200bb") }},
		"soft hyphen":          {"U+00AD", func(d *Draft) { d.Title = text("a\u00adb") }},
		"word joiner":          {"U+2060", func(d *Draft) { d.Title = text("a\u2060b") }},
		"tag character":        {"U+E0061", func(d *Draft) { d.Title = text("a\U000e0061b") }},
		"filler":               {"U+3164", func(d *Draft) { d.Title = text("\u3164") }},
		"grapheme joiner":      {"U+034F", func(d *Draft) { d.Title = text("a\u034fb") }},
		"private use":          {"U+E000", func(d *Draft) { d.Title = text("a\ue000b") }},
		"no character":         {"U+FFFE", func(d *Draft) { d.Title = text("a\ufffeb") }},
		"not NFC":              {"normal form C", func(d *Draft) { d.Title = text("e\u0301") }},
		"leading space":        {"space", func(d *Draft) { d.Title = text(" a") }},
		"trailing space":       {"begins or ends with a space", func(d *Draft) { d.Title = text("a ") }},
		"trailing wide space":  {"U+3000", func(d *Draft) { d.Title = text("a\u3000") }},
		"no-break space":       {"U+00A0", func(d *Draft) { d.Title = text("a\u00a0b") }},
		"narrow space":         {"U+202F", func(d *Draft) { d.Title = text("a\u202fb") }},
		"en quad":              {"U+2002", func(d *Draft) { d.Title = text("a\u2002b") }},
		"two spaces":           {"two spaces", func(d *Draft) { d.Title = text("a  b") }},
		"two spaces, joined":   {"two spaces", func(d *Draft) { d.Title = text("a \u200d b") }},
		"two spaces, varied":   {"two spaces", func(d *Draft) { d.Title = text("a \ufe0f b") }},
		"space after a joiner": {"begins or ends with a space", func(d *Draft) { d.Title = text("\u200d a") }},
		"joiners":              {"shows nothing", func(d *Draft) { d.Title = text("\u200d\u180e") }},
		"variation selector":   {"shows nothing", func(d *Draft) { d.Title = text("\ufe0f") }},
		"mark":                 {"begins with U+0301", func(d *Draft) { d.Title = text("\u0301") }},
		"mark after a joiner":  {"begins with U+0301", func(d *Draft) { d.Title = text("\u200c\u0301a") }},
		"vowel sign":           {"begins with U+093E", func(d *Draft) { d.Title = text("\u093eक") }},
		"enclosing mark":       {"begins with U+20DD", func(d *Draft) { d.Title = text("\u20dda") }},
		"Braille blank":        {"U+2800", func(d *Draft) { d.Title = text("Yes\u2800") }},
		"hieroglyphic blank":   {"U+13441", func(d *Draft) { d.Title = text("\U00013441") }},
		"half of it":           {"U+13442", func(d *Draft) { d.Title = text("\U00013442") }},
		"null note head":       {"U+1D159", func(d *Draft) { d.Title = text("\U0001d159") }},
		"no question":          {"0 questions", func(d *Draft) { d.Questions = nil }},
		"too many questions":   {"65 questions", func(d *Draft) { d.Questions = many(65) }},
		"question twice":       {`id "treaty" again`, func(d *Draft) { d.Questions[1].ID = "treaty" }},
		"question without id":  {"an id of 0 bytes", func(d *Draft) { d.Questions[1].ID = "" }},
		"long id":              {"an id of 33 bytes", func(d *Draft) { d.Questions[1].ID = QuestionID(strings.Repeat("a", 33)) }},
		"id in upper case":     {"characters other", func(d *Draft) { d.Questions[1].ID = "Q" }},
		"option id":            {"option 1", func(d *Draft) { d.Questions[1].Options[0].ID = "é" }},
		"question's title":     {"question 2: title: language en: ballot: malformed: empty text", func(d *Draft) { d.Questions[1].Title = text("") }},
		"option twice":         {`option 2: id "yes" again`, func(d *Draft) { d.Questions[0].Options[1].ID = "yes" }},
		"no option":            {"0 options, 1 to 256 allowed", func(d *Draft) { d.Questions[0].Options = nil }},
		"too many options":     {"257 options", func(d *Draft) { d.Questions[0] = question("a", Approval{}, optionIDs(257)...) }},
		"relative URI":         {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"law.txt", [32]byte{1}} }},
		"URI without a scheme": {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"//host/law", [32]byte{1}} }},
		"URI of a scheme":      {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"https:", [32]byte{1}} }},
		"scheme in capitals":   {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"HTTPS://a", [32]byte{1}} }},
		"URI with a space":     {"printable ASCII", func(d *Draft) { d.Questions[0].Text = &Document{"https://a b", [32]byte{1}} }},
		"URI with DEL":         {"printable ASCII", func(d *Draft) { d.Questions[0].Text = &Document{"https://a\x7f", [32]byte{1}} }},
		"URI with an accent":   {"printable ASCII", func(d *Draft) { d.Questions[0].Text = &Document{"https://é", [32]byte{1}} }},
		"scheme of a digit":    {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"1a:b", [32]byte{1}} }},
		"scheme with _":        {"absolute URI", func(d *Draft) { d.Questions[0].Text = &Document{"ht_tp://a", [32]byte{1}} }},
		"no URI":               {"a URI of 0 bytes", func(d *Draft) { d.Questions[0].Text = &Document{"", [32]byte{1}} }},
		"long URI":             {"4097 bytes", func(d *Draft) { d.Questions[0].Text = &Document{"x:" + strings.Repeat("a", 4095), [32]byte{1}} }},
		"text without digest":  {"digest", func(d *Draft) { d.Questions[0].Text = &Document{"https://a", [32]byte{}} }},
		"no rule":              {"no rule", func(d *Draft) { d.Questions[0].Rule = nil }},
		"question too long": {`question 2: "b" alone makes a ballot of 68589 bytes, at most 65535 allowed: take fewer options, ranks`, func(d *Draft) {
			d.Questions = []Question{question("a", Approval{}, "a"), question("b", Ranking{BordaPoints(44), 0}, optionIDs(44)...)}
		}},
		"ballot too long": {"at most 65535 allowed: split the election", func(d *Draft) {
			d.Questions = many(7)
			for i := range d.Questions {
				d.Questions[i] = question(d.Questions[i].ID, Approval{}, optionIDs(256)...)
			}
		}},
		"root 0":              {"root 0", func(d *Draft) { d.Census.Root = census.Root{} }},
		"root not canonical":  {"", func(d *Draft) { d.Census.Root = census.Root(bytes.Repeat([]byte{255}, 32)) }},
		"depth 0":             {"depth 0", func(d *Draft) { d.Census.Depth = 0 }},
		"depth 33":            {"depth 33", func(d *Draft) { d.Census.Depth = 33 }},
		"nobody":              {"size 0", func(d *Draft) { d.Census.Size, d.Census.TotalWeight = 0, 0 }},
		"more than the tree":  {"size 65537", func(d *Draft) { d.Census.Size, d.Census.TotalWeight = 65537, 65537 }},
		"weight, unweighted":  {"unweighted", func(d *Draft) { d.Census.TotalWeight++ }},
		"weight below size":   {"total weight 11303", func(d *Draft) { d.Census.Weighted = true; d.Census.TotalWeight-- }},
		"weight 2^40":         {"total weight 1099511627776", func(d *Draft) { d.Census.Weighted = true; d.Census.TotalWeight = 1 << 40 }},
		"class":               {"11305 members of each weight", func(d *Draft) { d.Census.MinimumClass = 11305 }},
		"key identity":        {"key", func(d *Draft) { d.PublicKey = point(torsion[0]) }},
		"key small order":     {"key", func(d *Draft) { d.PublicKey = point(torsion[3]) }},
		"key mixed order":     {"key", func(d *Draft) { d.PublicKey = point(mixed) }},
		"key off curve":       {"key", func(d *Draft) { d.PublicKey[63]++ }},
		"key zero":            {"key", func(d *Draft) { d.PublicKey = [64]byte{} }},
		"no ceremony":         {"ceremony", func(d *Draft) { d.Ceremony = [32]byte{} }},
		"one trustee":         {"1 trustees", func(d *Draft) { d.Trustees = d.Trustees[:1] }},
		"65 trustees":         {"65 trustees", func(d *Draft) { d.Trustees = slices.Repeat(d.Trustees, 22)[:65] }},
		"threshold 1":         {"threshold 1", func(d *Draft) { d.Threshold = 1 }},
		"threshold 4 of 3":    {"threshold 4", func(d *Draft) { d.Threshold = 4 }},
		"trustee key twice":   {"trustee 3: name or key is used twice", func(d *Draft) { d.Trustees[2].Key = d.Trustees[0].Key }},
		"trustee name twice":  {"trustee 3: name or key is used twice", func(d *Draft) { d.Trustees[2].Name = d.Trustees[0].Name }},
		"election key":        {"trustee 1: name or key", func(d *Draft) { d.Trustees[0].Key = d.PublicKey }},
		"trustee mixed order": {"trustee 2: key", func(d *Draft) { d.Trustees[1].Key = point(mixed) }},
		"trustee identity":    {"trustee 2: key", func(d *Draft) { d.Trustees[1].Key = point(torsion[0]) }},
		"trustee name":        {"trustee 2: name", func(d *Draft) { d.Trustees[1].Name = "a\tb" }},
		"no verifying key":    {"digest", func(d *Draft) { d.Membership.VerifyingKey = [32]byte{} }},
		"no proving key":      {"digest", func(d *Draft) { d.Membership.ProvingKey = [32]byte{} }},
		"no provenance":       {"provenance", func(d *Draft) { d.Membership.Provenance = "" }},
		"closes first":        {"opens", func(d *Draft) { d.Closes = d.Opens }},
		"opens before 1970":   {"opens", func(d *Draft) { d.Opens = -1 }},
		"closes too late":     {"", func(d *Draft) { d.Closes = 1 << 53 }},
		"revote rule":         {`unknown rule "best"`, func(d *Draft) { d.Revote.Rule = "best" }},
		"revote none, 1":      {"limit 1, 0 wanted", func(d *Draft) { d.Revote = Revote{RevoteNone, 1} }},
		"revote last, 0":      {"limit 0", func(d *Draft) { d.Revote = Revote{RevoteLast, 0} }},
		"revote last, 65536":  {"limit 65536", func(d *Draft) { d.Revote = Revote{RevoteLast, 65536} }},
		"no origin":           {"origin", func(d *Draft) { d.Log.Origin = "" }},
		"no log key":          {"key", func(d *Draft) { d.Log.Key = "" }},
		"other origin":        {"origin", func(d *Draft) { d.Log.Key = otherKey }},
		"log key spelled otherwise": {"another spelling", func(d *Draft) {
			for i := byte(0); ; i++ { // to a hash with a letter in it
				key := logKeyOf(t, "a", [32]byte{i})
				name, rest, _ := strings.Cut(key, "+")
				hash, rest, _ := strings.Cut(rest, "+")
				if upper := strings.ToUpper(hash); upper != hash {
					d.Log = LogInfo{Origin: name, Key: name + "+" + upper + "+" + rest}
					return
				}
			}
		}},
		"log key identity": {"small order", func(d *Draft) { d.Log.Key = logKeyOf(t, d.Log.Origin, [32]byte{1}) }},
		"log key order 2":  {"small order", func(d *Draft) { d.Log.Key = logKeyOf(t, d.Log.Origin, orderTwo) }},
		"log key no point": {"no point", func(d *Draft) { d.Log.Key = logKeyOf(t, d.Log.Origin, [32]byte{2}) }},
		"log key y = 3+p":  {"no point", func(d *Draft) { d.Log.Key = logKeyOf(t, d.Log.Origin, yPlusP(3)) }},
		"log key damaged":  {"key", func(d *Draft) { d.Log.Key = d.Log.Key[:len(d.Log.Key)-4] + "AAAA" }},
	} {
		d, _ := draft(t)
		_, err := NewManifest(d)
		require.NoError(t, err)
		test.edit(&d)
		_, err = NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, test.want, name)

		raw, err2 := wire.MarshalCanonical(d.document())
		if err2 != nil {
			continue // it cannot even be written
		}
		_, err2 = ParseManifest(raw)
		require.ErrorIs(t, err2, ErrMalformed, name)
		if test.want != "" {
			require.Equal(t, err.Error(), err2.Error(), name)
		}
	}
}

// Two options that look the same are one to the voter.
func TestOptionsOfAQuestionLookDifferent(t *testing.T) {
	d, _ := draft(t)
	bilingual := func(en, fr string) Text { return Text{"en": en, "fr": fr} }
	d.Title = bilingual("Assembly", "Assemblée")
	for i := range d.Questions {
		q := &d.Questions[i]
		q.Title = d.Title
		for j := range q.Options {
			q.Options[j].Title = bilingual(string(q.Options[j].ID), string(q.Options[j].ID)+" !")
		}
	}
	_, err := NewManifest(d)
	require.NoError(t, err, "the same title in two questions is no harm")
	options := d.Questions[1].Options
	for _, twin := range []Text{
		bilingual("park", "other"), bilingual("other", "park !"), bilingual("pa\u200drk", "other"), bilingual("other", "park !\ufe0f"),
	} {
		options[3].Title = twin
		_, err := NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "option 4: title: ")
		require.ErrorContains(t, err, "looks like that of option 3")
	}
	options[3].Title = bilingual("park 2", "other")
	_, err = NewManifest(d)
	require.NoError(t, err)
}

func TestTextsThatPeopleWriteAreAllowed(t *testing.T) {
	for tag, s := range map[string]string{
		"fr": "Faut-il approuver l'« initiative » ?", "fa": "نمی\u200cخواهم", "ja": "賛成", "he": "בְּעַד",
		"de-CH": "Grösse", "zh-Hant": "贊成", "en": "Yes 👍🏽 ❤\ufe0f 👩\u200d⚖\ufe0f", "hi": "क्\u200dष",
		"mn-Mong": "ᠠᠨ\u180eᠠ", "ar": "\u0600١٢", "ko": "찬성", "ta": "ஆம் இல்லை", "nl": "'n ja", "es": "¿Sí?",
	} {
		require.NoError(t, checkLanguages([]string{tag}), tag)
		require.NoError(t, checkText(Text{tag: s}, []string{tag}), s)
	}
}

func TestAttack27OneEncodingForEachManifest(t *testing.T) {
	e := newElection(t)
	good := string(e.m.Bytes())
	for name, bad := range map[string]string{
		"space":         " " + good,
		"newline":       good + "\n",
		"twice":         good + good,
		"unknown":       strings.Replace(good, `"threshold":2`, `"test":1,"threshold":2`, 1),
		"duplicate":     strings.Replace(good, `"threshold":2`, `"threshold":2,"threshold":2`, 1),
		"number":        strings.Replace(good, `"threshold":2`, `"threshold":2.0`, 1),
		"string":        strings.Replace(good, `"threshold":2`, `"threshold":"2"`, 1),
		"huge number":   strings.Replace(good, `"closes":1900086400`, `"closes":1900086400000000000000`, 1),
		"exponent":      strings.Replace(good, `"closes":1900086400`, `"closes":19000864e2`, 1),
		"format":        strings.Replace(good, `manifest/v1`, `manifest/v2`, 1),
		"escape":        strings.Replace(good, `"Assembly"`, `"\u0041ssembly"`, 1),
		"rule, unknown": strings.Replace(good, `"min":1`, `"lottery":true,"min":1`, 1),
		"rule, missing": strings.Replace(good, `"max":1,`, ``, 1),
		"rule, null":    strings.Replace(good, `"min":1`, `"min":null`, 1),
		"text, null":    strings.Replace(good, `"title":{"en":"treaty"}`, `"text":null,"title":{"en":"treaty"}`, 1),
		"root":          strings.Replace(good, `"root":"1"`, `"root":"01"`, 1),
		"root + r":      strings.Replace(good, `"root":"1"`, `"root":"21888242871839275222246405745257275088548364400416034343698204186575808495618"`, 1),
		"root as hex":   strings.Replace(good, `"root":"1"`, `"root":"0x1"`, 1),
		"null":          "null",
		"list":          "[]",
		"deep":          strings.Repeat("[", 100_000),
		"nothing":       "",
		"too long":      good[:len(good)-1] + strings.Repeat(" ", MaxManifestBytes) + "}",
	} {
		require.NotEqual(t, good, bad, name)
		_, err := ParseManifest([]byte(bad))
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	_, err := ParseManifest(make([]byte, MaxManifestBytes+1))
	require.ErrorContains(t, err, "at most 1048576", "refused before it is decoded")
	for n := range good {
		_, err := ParseManifest([]byte(good[:n]))
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
}

func TestAttack05AManifestHasNoParameters(t *testing.T) {
	e := newElection(t)
	good := string(e.m.Bytes())
	for _, member := range []string{
		`"generator":"00"`, `"group":"babyjubjub"`, `"p":"7"`, `"curve":"ed25519"`, `"challengeBits":8`, `"hash":"sha1"`, `"bases":[]`,
	} {
		for _, at := range []string{`"key":{`, `"membership":{`, `"census":{`} {
			_, err := ParseManifest([]byte(strings.Replace(good, at, at+member+",", 1)))
			require.ErrorIs(t, err, ErrMalformed)
		}
	}
}

func TestAttack29AManifestWithOneByteChangedIsAnotherElection(t *testing.T) {
	e := newElection(t)
	signatures := e.sign()
	require.NoError(t, e.m.CheckSignatures(signatures))
	raw := e.m.Bytes()
	parsed := 0
	for at := range raw {
		changed := slices.Clone(raw)
		changed[at] ^= 1
		m, err := ParseManifest(changed)
		if err != nil {
			continue
		}
		parsed++
		require.NotEqual(t, e.m.ID(), m.ID())
		require.ErrorIs(t, m.CheckSignatures(signatures), ErrInvalid, "byte %d", at)
	}
	require.Greater(t, parsed, 20)
}

func (e *election) sign() []Signature {
	var out []Signature
	for j := range e.enrolment {
		out = append(out, SignElection(e.m, j+1, &e.enrolment[j]))
	}
	return out
}

func TestQuorumIsWhatTwoSetsOfTrusteesShareAThresholdOf(t *testing.T) {
	for n := 2; n <= MaxTrustees; n++ {
		for threshold := 2; threshold <= n; threshold++ {
			m := &Manifest{draft: Draft{Trustees: make([]Trustee, n), Threshold: threshold}}
			q := m.Quorum()
			require.LessOrEqual(t, q, n)
			require.GreaterOrEqual(t, 2*q-n, threshold) // the overlap of two quorums
			require.Less(t, 2*(q-1)-n, threshold)       // and no smaller number has it
		}
	}
}

func TestSignaturesOfTrustees(t *testing.T) {
	e := newElection(t) // 2 of 3, so 3 = floor(4/2)+1 sign
	all := e.sign()
	require.Equal(t, 3, e.m.Quorum())
	require.NoError(t, e.m.CheckSignatures(all))
	require.NoError(t, e.m.CheckSignatures([]Signature{all[2], all[0], all[1]}))

	large := newElection(t, func(d *Draft) {
		d.Trustees = append(d.Trustees, Trustee{"Trustee 4", point(randomPoint())}, Trustee{"Trustee 5", point(randomPoint())})
	})
	require.Equal(t, 4, large.m.Quorum())

	other := newElection(t)
	foreign := SignElection(other.m, 1, &e.enrolment[0])
	wrongIndex := SignElection(e.m, 2, &e.enrolment[0])
	altered := all[1]
	altered.Bytes[95] ^= 1
	alteredR := all[1]
	r := randomPoint()
	encoded := r.Bytes()
	copy(alteredR.Bytes[:], encoded[:])
	offCurve := all[1]
	offCurve.Bytes[0] ^= 1
	for name, signatures := range map[string][]Signature{
		"none":               nil,
		"too few":            all[:2],
		"one twice":          {all[0], all[1], all[1]},
		"all, and one twice": {all[0], all[1], all[2], all[1]},
		"altered z":          {all[0], altered, all[2]},
		"altered R":          {all[0], alteredR, all[2]},
		"trustee 0":          {all[0], all[1], {0, all[2].Bytes}},
		"trustee 4":          {all[0], all[1], {4, all[2].Bytes}},
		"trustee -1":         {all[0], all[1], {-1, all[2].Bytes}},
		"another's index":    {all[0], wrongIndex, all[2]},
		"signed as another":  {all[0], {2, SignElection(e.m, 1, &e.enrolment[1]).Bytes}, all[2]},
		"another's":          {all[0], {2, all[0].Bytes}, all[2]},
		"another election":   {foreign, all[1], all[2]},
	} {
		require.ErrorIs(t, e.m.CheckSignatures(signatures), ErrInvalid, name)
	}
	require.ErrorIs(t, e.m.CheckSignatures([]Signature{all[0], offCurve, all[2]}), ErrMalformed)
}

func point(p babyjub.Point) [64]byte { return p.Bytes() }

func TestAttack27OneEncodingForEachListOfSignatures(t *testing.T) {
	e := newElection(t)
	all := e.sign()
	raw, err := MarshalSignatures([]Signature{all[2], all[0], all[1]})
	require.NoError(t, err)
	got, err := ParseSignatures(raw)
	require.NoError(t, err)
	require.Equal(t, all, got)
	require.NoError(t, e.m.CheckSignatures(got))

	good := string(raw)
	for name, bad := range map[string]string{
		"newline":       good + "\n",
		"format":        strings.Replace(good, "v1", "v2", 1),
		"no list":       `{"format":"scrutin/signatures/v1","signatures":null}`,
		"unknown":       strings.Replace(good, `"trustee":1`, `"key":1,"trustee":1`, 1),
		"duplicate":     strings.Replace(good, `"trustee":1`, `"trustee":1,"trustee":1`, 1),
		"twice":         strings.Replace(good, `"trustee":2`, `"trustee":1`, 1),
		"order":         strings.Replace(good, `"trustee":1`, `"trustee":3`, 1),
		"trustee 0":     strings.Replace(good, `"trustee":1`, `"trustee":0`, 1),
		"trustee 65":    strings.Replace(good, `"trustee":3`, `"trustee":65`, 1),
		"short hex":     `{"format":"scrutin/signatures/v1","signatures":[{"signature":"00","trustee":1}]}`,
		"no signature":  `{"format":"scrutin/signatures/v1","signatures":[{"trustee":1}]}`,
		"too long":      good + strings.Repeat(" ", 1<<20),
		"nothing":       "",
		"half":          good[:len(good)/2],
		"a list of all": "[]",
	} {
		_, err := ParseSignatures([]byte(bad))
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	_, err = ParseSignatures(make([]byte, 1<<20))
	require.ErrorContains(t, err, "at most", "refused before it is decoded")
	none, err := ParseSignatures([]byte(`{"format":"scrutin/signatures/v1","signatures":[]}`))
	require.NoError(t, err)
	require.ErrorIs(t, e.m.CheckSignatures(none), ErrInvalid)
}

// orderTwo is the Ed25519 encoding of (0, -1).
var orderTwo = func() [32]byte {
	b := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	b[0], b[31] = 0xec, 0x7f
	return b
}()

func logKeyOf(t *testing.T, name string, key [32]byte) string {
	t.Helper()
	s, err := note.NewEd25519VerifierKey(name, key[:])
	require.NoError(t, err)
	return s
}

// yPlusP encodes y as y + p, below 2^255: RFC 8032 refuses it, where some decoders reduce it.
func yPlusP(y byte) [32]byte {
	key := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	key[0], key[31] = 0xed+y, 0x7f
	return key
}
