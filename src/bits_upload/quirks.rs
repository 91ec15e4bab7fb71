use crate::mock::{Quirk as Row, SettingError, nearest};

macro_rules! quirks {
    ($($(#[doc = $says:literal])+ $variant:ident = $id:literal,)+) => {
        /// One deliberate deviation of the server from its contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Quirk {
            $($(#[doc = $says])+ $variant),+
        }

        /// The table of quirks.
        pub(crate) const QUIRKS: &[Row] = &[$(Row { id: $id, says: concat!($($says),+).trim_ascii() }),+];

        const ALL: &[Quirk] = &[$(Quirk::$variant),+];
    };
}

quirks! {
    // Any packet.
    /// Packet types are only known in upper case.
    RefusesMixedCasePacketTypes = "refuses-mixed-case-packet-types",
    /// Packet types are only known as the win32 pages write them.
    RefusesUpperCasePacketTypes = "refuses-upper-case-packet-types",
    /// An unknown packet type is answered 200.
    AcceptsUnknownPackets = "accepts-unknown-packets",
    /// A request without a packet type is taken for a Ping.
    AcceptsAMissingPacketType = "accepts-a-missing-packet-type",
    /// A packet that has no body is taken with one.
    AcceptsABodyWithAnyPacket = "accepts-a-body-with-any-packet",
    /// A packet without Content-Length is taken.
    AcceptsAMissingLength = "accepts-a-missing-length",
    /// Header values of any length are taken.
    AcceptsOversizedHeaders = "accepts-oversized-headers",
    /// A header that the protocol does not know makes a request malformed.
    RefusesUnknownHeaders = "refuses-unknown-headers",
    /// A header that belongs to another packet makes a request malformed.
    RefusesHeadersOfOtherPackets = "refuses-headers-of-other-packets",
    /// The names of request headers are only known in their documented case.
    ReadsHeaderNamesWithCase = "reads-header-names-with-case",
    /// POST is taken for BITS_POST without being told so.
    TakesPostForBitsPost = "takes-post-for-bits-post",
    /// A chunked body is taken although that is not set.
    AcceptsChunkedBodies = "accepts-chunked-bodies",
    /// Uploads are taken where they are denied.
    UploadsWhereDenied = "uploads-where-denied",
    /// HTTP/1.0 is refused.
    RefusesHttp10 = "refuses-http-1.0",
    /// Uploads go on where they are disabled.
    UploadsWhenDisabled = "uploads-when-disabled",
    /// Acks come with a body.
    SendsABodyWithAcks = "sends-a-body-with-acks",
    /// Acks are sent chunked.
    SendsChunkedAcks = "sends-chunked-acks",
    /// Acks carry no Content-Length and end with the connection.
    OmitsTheLengthOfAcks = "omits-the-length-of-acks",
    /// The two error headers of an ack tell different codes.
    ContradictsItsErrorCode = "contradicts-its-error-code",
    /// An ack to a success carries an error code too.
    TellsAnErrorOnSuccess = "tells-an-error-on-success",
    /// Error acks tell the context of a local file, 0x4.
    TellsTheWrongContext = "tells-the-wrong-context",

    // Ping.
    /// Ping is answered as a packet for an unknown session unless it names a live one.
    PingNeedsASession = "ping-needs-a-session",
    /// A Ping forgets the bytes that the uploads to its URL have.
    PingResetsTheUpload = "ping-resets-the-upload",
    /// A Ping ends the uploads to its URL.
    PingEndsTheSession = "ping-ends-the-session",

    // Create-Session.
    /// A session is created where no offered protocol is known.
    AcceptsAnyProtocol = "accepts-any-protocol",
    /// A session is created where no protocol is offered.
    CreatesWithoutProtocols = "creates-without-protocols",
    /// Only the first protocol offered is looked at.
    ReadsOnlyTheFirstProtocol = "reads-only-the-first-protocol",
    /// Offered protocols are compared with their case.
    ComparesProtocolsWithCase = "compares-protocols-with-case",
    /// Offered protocols are only told apart by blanks.
    SplitsProtocolsAtBlanksOnly = "splits-protocols-at-blanks-only",
    /// The protocol answered is one that nobody offered.
    AnswersAnotherProtocol = "answers-another-protocol",
    /// Every session gets the id of the first.
    ReusesSessionIds = "reuses-session-ids",
    /// A second session for a URL is the first one again.
    SharesASessionPerUrl = "shares-a-session-per-url",
    /// Session ids are longer than a hundred characters.
    GivesOverlongSessionIds = "gives-overlong-session-ids",
    /// Session ids are no GUID in braces.
    GivesPlainSessionIds = "gives-plain-session-ids",
    /// A second session is refused while one is live.
    RefusesASecondUpload = "refuses-a-second-upload",
    /// A folder is accepted as destination.
    AcceptsAFolderAsDestination = "accepts-a-folder-as-destination",
    /// A file that exists is replaced although that is forbidden.
    OverwritesExistingFiles = "overwrites-existing-files",
    /// Create-Session without Content-Name is refused.
    DemandsAContentName = "demands-a-content-name",
    /// The file is named after Content-Name.
    StoresUnderContentName = "stores-under-content-name",
    /// The file goes into the top folder, wherever its URL points.
    IgnoresTheFolder = "ignores-the-folder",
    /// The host id is told without being configured.
    InventsAHostId = "invents-a-host-id",
    /// The configured host id is not told.
    HidesTheHostId = "hides-the-host-id",

    // Sessions.
    /// A session is only known on the connection that created it.
    ForgetsSessionsWithTheConnection = "forgets-sessions-with-the-connection",
    /// Sessions never run out.
    KeepsStaleSessions = "keeps-stale-sessions",
    /// Sessions do not survive a restart.
    ForgetsSessionsOnRestart = "forgets-sessions-on-restart",
    /// A packet for an unknown session is answered 200.
    AcceptsUnknownSessions = "accepts-unknown-sessions",
    /// An unknown session is answered with the code of a bad argument.
    HidesThatASessionIsUnknown = "hides-that-a-session-is-unknown",
    /// An unknown session is answered 404, with the right code.
    Answers404ToUnknownSessions = "answers-404-to-unknown-sessions",
    /// A packet without a session id is taken for the latest session of its URL.
    GuessesAMissingSessionId = "guesses-a-missing-session-id",
    /// The session id in acks is another one.
    EchoesAnotherSessionId = "echoes-another-session-id",
    /// The session id is missing in acks to later packets.
    OmitsTheSessionIdLater = "omits-the-session-id-later",
    /// Bytes of an upload go to the session that was created last.
    MixesUpInterleavedUploads = "mixes-up-interleaved-uploads",

    // Fragments.
    /// A fragment beyond the expected offset is stored, with zeros before it.
    StoresPastAGap = "stores-past-a-gap",
    /// A fragment beyond the expected offset is answered 200, but not stored.
    AnswersSuccessToAGap = "answers-success-to-a-gap",
    /// A fragment beyond the expected offset is answered 416, and its bytes are kept.
    KeepsBytesOfAGap = "keeps-bytes-of-a-gap",
    /// A fragment beyond the expected offset is answered 400.
    Answers400ToAGap = "answers-400-to-a-gap",
    /// A 416 tells the offset that the client sent.
    TellsTheWrongOffsetOn416 = "tells-the-wrong-offset-on-416",
    /// A 416 tells no offset.
    OmitsTheOffsetOn416 = "omits-the-offset-on-416",
    /// The bytes received are told as a range, such as `0-4891`.
    ReportsRangeInsteadOfOffset = "reports-range-instead-of-offset",
    /// The last byte is told instead of the next one.
    ReportsTheLastByteInsteadOfTheNext = "reports-the-last-byte-instead-of-the-next",
    /// The offset stands in a header `BITS-Received-Range`.
    MisspellsReceivedRange = "misspells-received-range",
    /// An overlapping fragment replaces bytes that are there already.
    OverwritesBytesHeld = "overwrites-bytes-held",
    /// All of an overlapping fragment is stored behind the bytes that are there.
    MisplacesAnOverlap = "misplaces-an-overlap",
    /// A fragment that is there already is answered 200 with an offset before the expected one.
    GoesBackOnADuplicate = "goes-back-on-a-duplicate",
    /// A fragment that is there already is stored once more.
    RepeatsADuplicate = "repeats-a-duplicate",
    /// The total may change from fragment to fragment.
    AcceptsAChangedTotal = "accepts-a-changed-total",
    /// A fragment with a changed total is refused, but its bytes are kept.
    KeepsBytesOfAChangedTotal = "keeps-bytes-of-a-changed-total",
    /// A range that ends before it starts is answered 200.
    AcceptsABackwardRange = "accepts-a-backward-range",
    /// A range past the total is taken.
    AcceptsARangePastTheTotal = "accepts-a-range-past-the-total",
    /// A body shorter than its range is taken.
    AcceptsAShortBody = "accepts-a-short-body",
    /// A body longer than its range is taken.
    AcceptsALongBody = "accepts-a-long-body",
    /// `*` for range or total is taken.
    AcceptsAStarRange = "accepts-a-star-range",
    /// A fragment without Content-Range is taken.
    AcceptsAMissingRange = "accepts-a-missing-range",
    /// A range that is no range is answered 200.
    AcceptsAMalformedRange = "accepts-a-malformed-range",
    /// A fragment that is refused for its range is stored all the same.
    KeepsBytesOfARefusedRange = "keeps-bytes-of-a-refused-range",
    /// The unit `Bytes` is refused.
    RefusesTheUnitInOtherCase = "refuses-the-unit-in-other-case",
    /// Totals of 4 GiB and more are refused.
    RefusesLargeTotals = "refuses-large-totals",
    /// A fragment of one byte is refused.
    RefusesSingleBytes = "refuses-single-bytes",
    /// Bytes in an encoding that the server does not know are stored as they are.
    StoresEncodedBytes = "stores-encoded-bytes",
    /// Every third fragment of an upload is confirmed, but not stored.
    SwallowsFragments = "swallows-fragments",
    /// Nothing is left of an upload once a connection broke within a body.
    ForgetsAllAfterACut = "forgets-all-after-a-cut",
    /// A body that was cut counts as whole.
    CountsBytesThatNeverCame = "counts-bytes-that-never-came",
    /// What arrived of a body that was cut is kept, but not told, so that it comes twice.
    RepeatsBytesAfterACut = "repeats-bytes-after-a-cut",
    /// What arrived of a body that was cut is kept in the wrong order.
    ScramblesBytesAfterACut = "scrambles-bytes-after-a-cut",
    /// An upload larger than allowed is taken.
    AcceptsTooLargeUploads = "accepts-too-large-uploads",
    /// A fragment larger than allowed ends the session.
    EndsTheSessionOn413 = "ends-the-session-on-413",
    /// The last fragment, sent again, is stored again.
    StoresTheLastFragmentAgain = "stores-the-last-fragment-again",
    /// The last fragment, sent again, is answered 500.
    RefusesTheLastFragmentAgain = "refuses-the-last-fragment-again",

    // Close-Session and Cancel-Session.
    /// Closing before the last fragment publishes what is there.
    PublishesAPartialFile = "publishes-a-partial-file",
    /// What has arrived can be fetched before the upload is complete.
    ShowsTheFileWhileReceiving = "shows-the-file-while-receiving",
    /// Close-Session publishes nothing.
    PublishesNothing = "publishes-nothing",
    /// The file published lacks its last byte.
    DropsTheLastByte = "drops-the-last-byte",
    /// One byte of the file published is another.
    ChangesAByte = "changes-a-byte",
    /// The session goes on after it was closed.
    KeepsClosedSessions = "keeps-closed-sessions",
    /// A second Close-Session empties the file.
    EmptiesTheFileOnASecondClose = "empties-the-file-on-a-second-close",
    /// Close-Session is answered 204.
    Answers204ToClose = "answers-204-to-close",
    /// Cancelling publishes what is there.
    PublishesACancelledUpload = "publishes-a-cancelled-upload",
    /// The session goes on after it was cancelled.
    KeepsCancelledSessions = "keeps-cancelled-sessions",
    /// Cancelling a session that is unknown is answered 200.
    CancelsUnknownSessions = "cancels-unknown-sessions",
    /// Cancelling one session ends all others too.
    CancelsAllSessions = "cancels-all-sessions",

    // Upload-reply.
    /// A plain upload gets a reply URL.
    TellsAReplyUrlOnPlainUploads = "tells-a-reply-url-on-plain-uploads",
    /// The reply URL is told with every fragment.
    TellsTheReplyUrlTooEarly = "tells-the-reply-url-too-early",
    /// The reply URL is not told.
    HidesTheReplyUrl = "hides-the-reply-url",
    /// The reply URL leads nowhere.
    TellsAReplyUrlThatLeadsNowhere = "tells-a-reply-url-that-leads-nowhere",
    /// The last fragment, sent again, is answered without the reply URL.
    LosesTheReplyUrlOnRepeat = "loses-the-reply-url-on-repeat",
    /// An error of the application is told as the server's own.
    RelaysApplicationErrorsAsItsOwn = "relays-application-errors-as-its-own",
    /// An error of the application is not told.
    HidesApplicationErrors = "hides-application-errors",
    /// The application is told again each time the last fragment comes again.
    NotifiesAgainAfterSuccess = "notifies-again-after-success",

    // GET and HEAD.
    /// GET gives the whole file whatever range is asked for.
    IgnoresRanges = "ignores-ranges",
    /// GET gives a range that is one byte too short.
    ShortensRanges = "shortens-ranges",
    /// HEAD tells a length of zero.
    TellsNoLengthOnHead = "tells-no-length-on-head",
}

/// The quirks that are switched on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quirks(u128);

impl Quirks {
    /// Reads ids.
    ///
    /// # Errors
    /// Where there is no such quirk.
    pub(crate) fn from_ids(ids: &[String]) -> Result<Self, SettingError> {
        ids.iter().try_fold(Self::default(), |on, id| {
            let at = QUIRKS
                .iter()
                .position(|quirk| quirk.id == id)
                .ok_or_else(|| SettingError::UnknownQuirk {
                    suite: super::SUITE,
                    id: id.clone(),
                    nearest: nearest(id, QUIRKS.iter().map(|quirk| quirk.id)),
                })?;
            Ok(on.with(ALL[at]))
        })
    }

    /// These and one more.
    pub(crate) fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | (1 << quirk as u32))
    }

    /// Whether that one is on.
    pub(crate) fn has(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, QUIRKS, Quirks};
    use std::collections::BTreeSet;

    #[test]
    fn every_quirk_has_an_id_of_its_own_and_is_switched_on_by_it_alone() {
        assert!(ALL.len() <= 128);
        let ids: BTreeSet<_> = QUIRKS.iter().map(|quirk| quirk.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for (at, row) in QUIRKS.iter().enumerate() {
            let on = Quirks::from_ids(&[row.id.to_owned()]).unwrap();
            let there: Vec<_> = ALL.iter().filter(|quirk| on.has(**quirk)).collect();
            assert_eq!(there, [&ALL[at]]);
            assert!(row.says.ends_with('.'), "{}", row.id);
        }
        assert!(Quirks::from_ids(&["no-such-thing".to_owned()]).is_err());
    }
}
