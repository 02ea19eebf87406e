package tally

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
)

// AuditOptions are the auditor's choices. A nil *AuditOptions means none of them.
type AuditOptions struct {
	// AcceptKeys lists provenances, as manifests state them, under which a verifying key that
	// is not compiled in is accepted. With proof.OneParty the auditor says: I know that who
	// made this key can forge memberships. The report names the provenance in any case.
	AcceptKeys []string

	// CheckSetUp, if not nil, is asked about a verifying key that is not compiled in and whose
	// provenance AcceptKeys does not list: nil accepts the key. It should replay the set-up that the manifest's provenance
	// names, and see that it ended in this key, for the manifest's census depth: package
	// proof/ceremony does so. It is a function so that an audit does not pull a circuit compiler.
	CheckSetUp func(ctx context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error

	// Progress, if not nil, is called now and then with the entries of the log that are
	// verified and their number.
	Progress func(done, total uint64)

	// State, if not empty, is the path of a file of the auditor's own, outside of the record. The
	// verification of the ballots is written there now and then, and when the audit is cancelled;
	// a later audit of the same checkpoint reads and hashes the ballots that were verified,
	// and goes on after them. The report is the same as that of an audit without it. A file that
	// is damaged, or of another election or checkpoint, is an error, and is left as it is.
	//
	// Whoever can write the file can make the report say anything: a checksum finds damage, not
	// forgery. Keep it where nobody else can write, and only while one audit goes on. With several
	// boxes it lists the ballots that were verified, 32 bytes each, and holds for later checkpoints too.
	State string

	batch int // bytes of ballots that are verified together; 0: maxBatchBytes
}

// Audit replays a record from its public files alone. The auditor gives the election id, which
// she knows from elsewhere: a directory cannot vouch for itself.
//
// A record that fails a check gives a Report that says so (Report.Err), with everything that
// could still be recounted. An error means that there is no report: the record is of another
// election or has no manifest (ErrInvalid), ctx has ended, or the files could not be read.
func Audit(ctx context.Context, fsys fs.FS, id ballot.ElectionID, opts *AuditOptions) (*Report, error) {
	if opts == nil {
		opts = new(AuditOptions)
	}
	a := &auditor{files: &recordFS{under: fsys}, options: opts, Report: &Report{Election: id}}
	for i, run := range [...]func(context.Context) error{ // in the order of checks
		a.checkManifest, a.checkSignatures, a.checkCeremony, a.checkVerifyingKey, a.checkCensus, a.checkCheckpoint, a.checkLog,
		a.checkBallots, a.checkTurnout, a.checkEndorsements, a.checkShares, a.checkResult, a.checkTexts, a.checkFiles,
	} {
		check := checks[i]
		err := run(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("tally: audit: %w", errors.Join(context.Cause(ctx), a.unkept))
		}
		if err := a.files.failed(); err != nil {
			return nil, fmt.Errorf("tally: audit: reading the record: %w", err)
		}
		if a.broken != nil {
			return nil, fmt.Errorf("tally: audit: %s: %w", check, a.broken)
		}
		if err != nil && check == CheckManifest {
			return nil, &CheckError{check, err}
		}
		a.outcomes = append(a.outcomes, outcome{check, err})
	}
	switch {
	case a.recounted() != nil:
	case a.Result != nil:
		a.Stage = Opened
	case a.quorum() == nil:
		a.Stage = AwaitingShares
	default:
		a.Stage = AwaitingEndorsements
	}
	return a.Report, nil
}

// auditor is an audit under way. Each method makes one check, and leaves what it found in the
// report and for the checks that follow.
type auditor struct {
	*Report
	files   *recordFS
	options *AuditOptions

	verifier *ballot.Verifier  // nil unless the verifying key is accepted
	classes  map[uint64]uint64 // members of the census by weight; nil unless the census is right
	log      *box.Log          // nil unless the checkpoint is signed
	logs     []*box.Log        // of several boxes
	merged   *box.Merged       // nil unless the logs of several boxes were read
	replayed *replay           // nil unless the log was read
	broken   error             // the machine's fault, not the record's
	unkept   error             // the state of a cancelled audit could not be written

	endorsementFiles, shareFiles []submitted
	claim                        submitted // result.json
}

func (a *auditor) checkManifest(context.Context) error {
	raw, err := a.files.readFile(ManifestFile, ballot.MaxManifestBytes)
	if err != nil {
		return err
	}
	if got := ballot.ElectionID(sha256.Sum256(raw)); got != a.Election { //check:manifest/election
		return fmt.Errorf("%w: %s is of election %v, %v is to be audited", ErrForeign, ManifestFile, got, a.Election)
	}
	m, err := ballot.ParseManifest(raw)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, ManifestFile, err)
	}
	a.manifest = m
	a.Title = m.Title()
	a.SetUp = m.Membership().Provenance
	return nil
}

func (a *auditor) checkSignatures(context.Context) error {
	raw, err := a.files.readFile(SignaturesFile, maxSignaturesFile)
	if err != nil {
		return err
	}
	signatures, err := ballot.ParseSignatures(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", SignaturesFile, err)
	}
	return a.manifest.CheckSignatures(signatures)
}

func (a *auditor) checkCeremony(context.Context) error {
	raw, err := a.files.readFile(CeremonyFile, maxCeremonyFile)
	if err != nil {
		return err
	}
	c, err := ParseCeremony(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", CeremonyFile, err)
	}
	if err := c.matches(a.manifest); err != nil {
		return err
	}
	a.ceremony = c
	return nil
}

func (a *auditor) checkVerifyingKey(ctx context.Context) error {
	raw, err := a.files.readFile(VerifyingKeyFile, maxVerifyingKey)
	if err != nil {
		return err
	}
	info := a.manifest.Membership()
	if got := sha256.Sum256(raw); got != info.VerifyingKey { //check:verifying-key/digest
		return fmt.Errorf("%w: %s has the digest %x, the manifest names %x", ErrForeign, VerifyingKeyFile, got, info.VerifyingKey)
	}
	key, err := proof.ParseVerifyingKey(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", VerifyingKeyFile, err)
	}
	var accepted []ballot.VerifierOption
	if slices.Contains(a.options.AcceptKeys, info.Provenance) { //accept:verifying-key/unknown
		accepted = append(accepted, ballot.AcceptKey(key))
	}
	verifier, err := ballot.NewVerifier(a.manifest, accepted...)
	if len(accepted) == 0 && errors.Is(err, ballot.ErrUnknownKey) {
		if a.options.CheckSetUp == nil {
			return fmt.Errorf("%w: %x is not a known key; its provenance is %q: list that in AuditOptions.AcceptKeys to audit under it",
				ballot.ErrUnknownKey, info.VerifyingKey, info.Provenance)
		}
		if err := a.options.CheckSetUp(ctx, a.manifest, key); err != nil {
			err = fmt.Errorf("%w: the set-up of %x, %q: %w", ballot.ErrUnknownKey, info.VerifyingKey, info.Provenance, err)
			var medium *fs.PathError
			if errors.As(err, &medium) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ELOOP) {
				a.broken = err
			}
			return err
		}
		verifier, err = ballot.NewVerifier(a.manifest, ballot.AcceptKey(key))
	}
	a.verifier = verifier
	return err
}

func (a *auditor) checkCensus(ctx context.Context) error {
	dir, err := fs.Sub(a.files, CensusDir)
	if err != nil {
		return err
	}
	tree, err := census.Read(ctx, dir)
	if err != nil {
		return err
	}
	a.Voters, a.TotalWeight = tree.Size(), tree.TotalWeight()
	classes := tree.Classes()
	for weight, members := range classes {
		c := Class{weight, members}
		if s := a.SmallestClass; s.Members == 0 || c.Members < s.Members || c.Members == s.Members && c.Weight < s.Weight {
			a.SmallestClass = c
		}
	}
	want := a.manifest.Census()
	switch {
	case tree.Weighted() != want.Weighted: //check:census/weighted
		return fmt.Errorf("%w: weighted is %v, the manifest says %v", ErrInvalid, tree.Weighted(), want.Weighted)
	case tree.Root() != want.Root: //check:census/root
		return fmt.Errorf("%w: the root is %v, the manifest says %v", ErrInvalid, tree.Root(), want.Root)
	case tree.Size() != want.Size: //check:census/size
		return fmt.Errorf("%w: %d members, the manifest says %d", ErrInvalid, tree.Size(), want.Size)
	case tree.TotalWeight() != want.TotalWeight: //check:census/total-weight
		return fmt.Errorf("%w: the weights add up to %d, the manifest says %d", ErrInvalid, tree.TotalWeight(), want.TotalWeight)
	case tree.Depth() != want.Depth: //check:census/depth
		return fmt.Errorf("%w: depth %d, the manifest says %d", ErrInvalid, tree.Depth(), want.Depth)
	case a.SmallestClass.Members < want.MinimumClass: //check:census/minimum-class
		return fmt.Errorf("%w: only %d members have the weight %d, the manifest demands %d of each weight",
			ErrInvalid, a.SmallestClass.Members, a.SmallestClass.Weight, want.MinimumClass)
	}
	a.classes = classes
	return nil
}

func (a *auditor) checkCheckpoint(context.Context) error {
	if a.several() {
		return a.checkCheckpoints()
	}
	dir, err := fs.Sub(a.files, LogDir)
	if err != nil {
		return err
	}
	log, err := box.OpenLog(dir, a.manifest)
	if err != nil {
		return err
	}
	c := log.Checkpoint()
	a.log = log
	a.Size, a.Root, a.Closed = c.Size, c.Hash, c.Closed
	a.subject = Subject{Election: a.Election, Checkpoint: c.Digest()}
	if !c.Closed { //check:checkpoint/sealed
		return fmt.Errorf("%w: the log is not sealed, ballots may still be added", ErrInvalid)
	}
	return nil
}

// checkLog reads the log, and verifies and sums what is in it for the checks that follow.
func (a *auditor) checkLog(ctx context.Context) error {
	if a.several() {
		return a.checkLogs(ctx)
	}
	if a.log == nil {
		return fmt.Errorf("%w: no checkpoint", errSkipped)
	}
	r := newReplay(a.manifest, a.verifier, a.log, a.options.Progress)
	r.most = cmp.Or(a.options.batch, r.most)
	if a.options.State != "" && a.verifier != nil {
		r.state = &stateFile{path: a.options.State, every: stateEvery}
	}
	if err := r.run(ctx); err != nil {
		a.broken, a.unkept = err, r.unkept
		return err
	}
	a.replayed = r
	a.Logged, a.Superseded, a.Counted, a.CountedWeight = r.logged, r.superseded.n, r.counted, r.weight
	a.Invalid, a.InvalidEntries = r.invalid, r.reasons
	return r.logErr
}

func (a *auditor) checkBallots(context.Context) error {
	switch {
	case a.several():
		return a.checkEntries()
	case a.replayed == nil:
		return fmt.Errorf("%w: no log", errSkipped)
	case a.verifier == nil:
		return fmt.Errorf("%w: no verifying key", errSkipped)
	case a.Invalid > 0:
		first := a.InvalidEntries[0]
		return fmt.Errorf("%w: %d of the %d entries of the log; the first at index %d: %w", ErrInvalid, a.Invalid, a.Logged, first.Index, first.Err)
	}
	return nil
}

// checkTurnout finds forged memberships, which verify where the set-up was not honest: more
// ballots than voters.
func (a *auditor) checkTurnout(context.Context) error {
	if a.replayed == nil || a.verifier == nil || a.classes == nil {
		return fmt.Errorf("%w: no recount or no census", errSkipped)
	}
	weights := make([]uint64, 0, len(a.replayed.classes))
	for w := range a.replayed.classes {
		weights = append(weights, w)
	}
	slices.Sort(weights)
	for _, w := range weights {
		if got, have := a.replayed.classes[w], a.classes[w]; got > have { //check:turnout/class
			return fmt.Errorf("%w: %d ballots of weight %d are counted, %d voters have it", ErrInvalid, got, w, have)
		}
	}
	a.sums = a.replayed.sum.sums()
	a.subject.Aggregate = aggregateDigest(a.Election, a.subject.Checkpoint, a.Counted, a.CountedWeight, a.sums)
	return nil
}

// recounted returns the failure of the first check up to the turnout: until there, everything
// that the sums depend on is checked. What trustees added to the record comes after.
func (r *Report) recounted() error {
	for i, c := range checks {
		if c == CheckEndorsements {
			return nil
		}
		if r == nil || i >= len(r.outcomes) {
			return fmt.Errorf("tally: %w: this report does not come from an audit", ErrInvalid)
		}
		if err := r.outcomes[i].err; err != nil {
			return &CheckError{c, err}
		}
	}
	return nil
}

// submitted is what one file of those that trustees added holds, or why it could not be read.
type submitted struct {
	trustee int
	name    string
	raw     []byte
	err     error
}

// readSubmitted reads what trustees added after the poll. While that is going on, somebody may
// add a share after the last endorsement that it needs, so what is made later is read first.
func (a *auditor) readSubmitted() {
	a.claim.raw, a.claim.err = a.files.readFile(ResultFile, maxResultFile)
	read := func(name func(trustee int) string, limit int64) []submitted {
		var out []submitted
		for j := range a.manifest.Trustees() {
			s := submitted{trustee: j + 1, name: name(j + 1)}
			s.raw, s.err = a.files.readFile(s.name, limit)
			if !errors.Is(s.err, fs.ErrNotExist) {
				out = append(out, s)
			}
		}
		return out
	}
	a.shareFiles = read(ShareFile, maxShareFile)
	a.endorsementFiles = read(EndorsementFile, maxEndorsementFile)
}

func (a *auditor) checkEndorsements(context.Context) error {
	if a.recounted() != nil {
		return fmt.Errorf("%w: the recount failed", errSkipped)
	}
	a.readSubmitted()
	var faults faults
	for _, f := range a.endorsementFiles {
		err := f.err
		var e *Endorsement
		if err == nil {
			e, err = ParseEndorsement(f.raw)
		}
		if err == nil { //check:endorsements/trustee
			err = f.filed(e.Trustee)
		}
		if err == nil {
			err = a.verifyEndorsement(e)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s, of %s: %w", f.name, a.trustee(f.trustee), err))
			continue
		}
		a.endorsements = append(a.endorsements, e)
		a.Endorsed = append(a.Endorsed, e.Trustee)
	}
	switch {
	case len(faults) > 0:
		return faults
	case a.quorum() != nil:
		return fmt.Errorf("%w: %d of the %d endorsements that are needed", errIncomplete, len(a.endorsements), a.manifest.Quorum())
	}
	return nil
}

// filed checks that a file named for one trustee does not hold what another one made.
func (s *submitted) filed(trustee int) error {
	if trustee != s.trustee {
		return fmt.Errorf("%w: it holds what trustee %d made", ErrDuplicate, trustee)
	}
	return nil
}

func (a *auditor) checkShares(context.Context) error {
	if a.recounted() != nil {
		return fmt.Errorf("%w: the recount failed", errSkipped)
	}
	var faults faults
	for _, f := range a.shareFiles {
		err := f.err
		var s *Share
		if err == nil {
			s, err = ParseShare(f.raw)
		}
		if err == nil { //check:shares/trustee
			err = f.filed(s.Trustee)
		}
		if err == nil {
			err = a.verifyShare(s)
		}
		if err == nil { //check:shares/quorum
			err = a.quorum()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s, of %s: %w", f.name, a.trustee(f.trustee), err))
			continue
		}
		a.shares = append(a.shares, s)
		a.Shared = append(a.Shared, s.Trustee)
	}
	switch {
	case len(faults) > 0:
		return faults
	case len(a.shares) < a.manifest.Threshold():
		return fmt.Errorf("%w: %d of the %d shares that are needed", errIncomplete, len(a.shares), a.manifest.Threshold())
	}
	return nil
}

// checkResult opens the sums if the record has the shares for it, and compares.
func (a *auditor) checkResult(ctx context.Context) error {
	if a.recounted() != nil {
		return fmt.Errorf("%w: the recount failed", errSkipped)
	}
	if len(a.shares) >= a.manifest.Threshold() {
		result, err := a.Open(ctx, a.shares...)
		if err != nil {
			return err
		}
		a.Result = result
	}
	switch err := a.claim.err; {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the record has no %s", errIncomplete, ResultFile)
	case err != nil:
		return err
	case a.Result == nil:
		return fmt.Errorf("%w: the record claims a result without the shares that prove it: %d of %d", ErrInvalid, len(a.shares), a.manifest.Threshold())
	case bytes.Equal(a.claim.raw, a.Result.Bytes()): //accept:result/counts
		return nil
	}
	claim, err := parseClaim(a.claim.raw)
	if err != nil {
		return err
	}
	return a.Result.differs(claim)
}

// checkFiles refuses whatever the audit did not read, so that a record has nothing that an
// auditor vouches for without having seen it. A file that is just being written is let be.
// The checks of the census, the log and the texts list their directories themselves.
func (a *auditor) checkFiles(context.Context) error {
	shares := []string{}
	for j := range a.manifest.Trustees() {
		shares = append(shares, path.Base(EndorsementFile(j+1)), path.Base(ShareFile(j+1)))
	}
	var faults faults
	listed := false
	logs := a.logListings()
	for _, d := range append([]listing{
		{".", []string{ManifestFile, SignaturesFile, CeremonyFile, VerifyingKeyFile, CensusDir + "/", logs[0].dir + "/", SharesDir + "/", TextsDir + "/", ResultFile}},
		{SharesDir, shares},
	}, logs...) {
		names, ok, err := a.files.list(d.dir)
		if err != nil {
			faults = append(faults, err)
		}
		listed = listed || ok
		for _, n := range names {
			if !slices.Contains(d.known, n) && !strings.HasPrefix(n, temporary) { //check:files/extra
				faults = append(faults, fmt.Errorf("%w: %q does not belong to a record", ErrInvalid, path.Join(d.dir, strings.TrimSuffix(n, "/"))))
			}
		}
	}
	switch {
	case len(faults) > 0:
		return faults
	case !listed:
		return fmt.Errorf("%w: the directory cannot be listed", errIncomplete)
	}
	return nil
}

// faults are several reasons for which one check fails.
type faults []error

func (f faults) Error() string {
	var texts []string
	for i, err := range f {
		if i == 8 {
			texts = append(texts, fmt.Sprintf("and %d more", len(f)-i))
			break
		}
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

func (f faults) Unwrap() []error { return f }
