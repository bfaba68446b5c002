namespace EdgeSeg;

/// <summary>Every bound of the service, in one place, each with its reason. A queue, buffer, message or retry that has no line here has no bound.</summary>
internal static class Limits
{
    // pictures
    /// <summary>Shortest side of a picture, in pixels: below it no object can be told from noise.</summary>
    public const int MinImageSide = 16;
    /// <summary>Largest picture, in pixels (width x height): 100 megapixels are 300 MB once decoded, more than a small board can spare.</summary>
    public const long MaxImagePixels = 100_000_000;
    /// <summary>Largest encoded photograph read from disk, in bytes.</summary>
    public const long MaxPhotoBytes = 256L << 20;
    /// <summary>Longest side that a setting may name, in pixels: what V4L2 and OpenCV can address.</summary>
    public const int MaxImageSide = 32_767;

    // prompts
    /// <summary>Points the models were trained with at most.</summary>
    public const int MaxPoints = 6;

    // the way of a frame
    /// <summary>Frames that wait for inference: one in work, one fresh; older ones are worth less than new ones.</summary>
    public const int FrameQueue = 2;
    /// <summary>Results that wait for publishing: covers a publish hiccup of about a second at 15 frames a second.</summary>
    public const int PublishQueue = 16;

    // models
    /// <summary>Largest model.json, in bytes.</summary>
    public const int MaxManifestBytes = 1 << 20;
    /// <summary>Largest graph file, in bytes.</summary>
    public const long MaxGraphBytes = 1L << 30;

    // MQTT
    /// <summary>Largest message of ours, in bytes: AWS IoT ends a connection above 128 KB; a mask that is larger is simplified, then reduced to its box.</summary>
    public const int MaxMessageBytes = 120_000;
    /// <summary>Largest command accepted, in bytes: six points and every option fit in 2 KiB.</summary>
    public const int MaxCommandBytes = 16 << 10;
    /// <summary>Identifiers (device, camera, client) in topics.</summary>
    public const int MaxIdLength = 64;

    // masks
    /// <summary>Longest run-length text of a mask, in bytes: what a message holds beside its other fields.</summary>
    public const int MaxCountsBytes = 100_000;
    /// <summary>Corners traced around a mask before simplifying: beyond it the mask is noise, and its polygon is its box.</summary>
    public const int MaxTracedCorners = 1_000_000;
    /// <summary>Rings of a polygon; the largest are kept.</summary>
    public const int MaxPolygonRings = 256;
    /// <summary>Vertices of a polygon, all rings together: about 40 KB of JSON.</summary>
    public const int MaxPolygonVertices = 4096;

    // configuration
    /// <summary>Largest configuration file, in bytes.</summary>
    public const int MaxConfigurationBytes = 1 << 20;

    // doctor
    /// <summary>Time for the broker to take a TCP connection, in ms: a network that needs longer will not carry masks either.</summary>
    public const int DoctorConnectTimeoutMs = 3_000;
    /// <summary>Free bytes below which the state folder's disk is warned of: two model bundles, the one in use and the one being fetched.</summary>
    public const long DiskLowBytes = 200L << 20;
    /// <summary>Free bytes below which state can no longer be kept safely.</summary>
    public const long DiskFullBytes = 16L << 20;
    /// <summary>Temperature in degrees Celsius from which boards of this class slow down (Raspberry Pi: 80).</summary>
    public const double HotC = 80;
    /// <summary>Thermal zones and cooling devices read at most.</summary>
    public const int MaxThermalZones = 64;
    /// <summary>Errors of a configuration that are told one by one; the rest are counted.</summary>
    public const int MaxConfigurationFaults = 20;
    /// <summary>Characters in one text value: a pipe's command line fits.</summary>
    public const int MaxSettingLength = 4096;
    /// <summary>Cameras of one device: each costs a thread and a pool of frames.</summary>
    public const int MaxCameras = 8;
    /// <summary>Largest password or credentials file, in bytes.</summary>
    public const int MaxSecretBytes = 16 << 10;

    // the MQTT link
    /// <summary>Replies that wait for the broker: more commands than this in flight are refused as busy anyway.</summary>
    public const int ReplyQueue = 32;
    /// <summary>Retained topics whose latest value is kept to publish again after a reconnect: status, info, a state for each camera, alerts.</summary>
    public const int StateTopics = 64;
    /// <summary>A mask that could not be sent for this long is of no use to a robot.</summary>
    public const int MaskExpiryS = 5;
    /// <summary>Telemetry older than a few intervals only distorts a dashboard.</summary>
    public const int TelemetryExpiryS = 60;
    /// <summary>A reply that comes later finds nobody waiting.</summary>
    public const int ReplyExpiryS = 30;
    /// <summary>First wait before connecting again, before jitter.</summary>
    public const int ReconnectMinMs = 250;
    /// <summary>Longest wait before connecting again: a fleet that comes back must not be slow to be seen.</summary>
    public const int ReconnectMaxMs = 30_000;
    /// <summary>Wait after a session was taken over again and again: two devices with one id must not evict each other for ever.</summary>
    public const int TakenOverWaitMs = 5 * 60_000;
    /// <summary>Take-overs in a row that are put down to our own reconnects; from there on another device has our id.</summary>
    public const int TakenOverMax = 3;
    /// <summary>A connection that lasted this long was a good one: back-off and take-overs count from nothing again.</summary>
    public const int LinkStableMs = 20_000;
    /// <summary>Longest wait for one answer of the broker (connect, acknowledge, ping).</summary>
    public const int BrokerAnswerMs = 10_000;
    /// <summary>Longest wait for the MQTT library to say why a connection broke under a message.</summary>
    public const int LinkEndMs = 500;
    /// <summary>Longest time that stopping may spend on saying goodbye: well within systemd's stop time-out.</summary>
    public const int LinkStopMs = 3_000;
    /// <summary>Seconds without traffic after which the client pings; a dead link is noticed after one and a half of it. The broker may ask for another.</summary>
    public const int KeepAliveS = 15;
    /// <summary>Topic, properties and fixed header of a message, in bytes, when its size is held against the broker's largest packet.</summary>
    public const int MessageOverheadBytes = 512;
    /// <summary>Topic filters subscribed to.</summary>
    public const int Subscriptions = 16;

    // the embedded broker
    /// <summary>Clients of the embedded broker: the service itself and a few people looking on.</summary>
    public const int BrokerClients = 32;
    /// <summary>Messages that wait for one slow client of the embedded broker; older ones are dropped.</summary>
    public const int BrokerPendingMessages = 64;
    /// <summary>Retained topics that the embedded broker keeps.</summary>
    public const int BrokerRetainedTopics = 256;

    // telemetry
    /// <summary>Longest latency that a histogram tells apart, in microseconds; longer ones count as this.</summary>
    public const long MaxLatencyUs = 60_000_000;
    // cameras
    /// <summary>Longest side asked of a camera, in pixels: the longest that a JPEG can have, rounded down.</summary>
    public const int MaxCameraSide = 65_000;
    /// <summary>Fastest camera, in frames a second: above it, a frame's own bookkeeping would show.</summary>
    public const int MaxCameraFps = 1000;
    /// <summary>Pictures of one folder that are replayed; their names are held in memory.</summary>
    public const int MaxFolderPictures = 100_000;
    /// <summary>Largest file with a camera's user and password, in bytes.</summary>
    public const int MaxCredentialsBytes = 4 << 10;
    /// <summary>Last bytes of a camera command's error output that are kept to explain its end.</summary>
    public const int PipeErrorBytes = 2 << 10;
    /// <summary>Time that a camera command has to end by itself before it is killed, in milliseconds: NVIDIA's camera daemon wants a proper goodbye.</summary>
    public const int PipeCloseMs = 1000;
    /// <summary>Longest network silence of an RTSP camera before ffmpeg gives up, in milliseconds.</summary>
    public const int RtspSilenceMs = 5000;
    /// <summary>First wait before a camera is opened again, in milliseconds; it doubles from there.</summary>
    public const int CameraBackOffMinMs = 500;
    /// <summary>Longest such wait: a camera that is plugged in again is seen within a minute.</summary>
    public const int CameraBackOffMaxMs = 60_000;
    /// <summary>Healthy streaming after which the next loss begins with the first wait again, in milliseconds.</summary>
    public const int CameraBackOffResetMs = 10_000;
    /// <summary>A camera call that has not come back after this long is abandoned, in milliseconds: longer than the 10 s after which OpenCV's V4L2 reader gives up by itself.</summary>
    public const int CameraHangMs = 15_000;
    /// <summary>The same for opening: some cameras negotiate, warm up or wait for a key frame.</summary>
    public const int CameraOpenHangMs = 30_000;
    /// <summary>Time that the first frame after opening may take without being called a stall, in milliseconds.</summary>
    public const int CameraFirstFrameMs = 10_000;
    /// <summary>Shortest silence called a stall, in milliseconds, whatever the frame rate: below it the scheduler would be blamed on the camera.</summary>
    public const int CameraStallMinMs = 500;
    /// <summary>Abandoned camera calls, each holding a thread and a device, with which the process goes on; at this count it must end.</summary>
    public const int MaxAbandonedReads = 3;
    /// <summary>How often a camera's silence is looked at, in milliseconds.</summary>
    public const int CameraWatchMs = 250;
    /// <summary>How often a picture is decoded only to see whether the camera is frozen or black, in milliseconds, while inference asks for none.</summary>
    public const int CameraLookMs = 1000;
    /// <summary>Oldest V4L2 buffer stamp that is believed, in milliseconds: older ones are of another clock.</summary>
    public const int DriverStampMaxAgeMs = 2000;
    /// <summary>Time that closing a camera may take before its thread is left behind, in milliseconds.</summary>
    public const int CameraCloseMs = 3000;

    // the service
    /// <summary>Frame slots of a camera: two that wait, one in work, one being written, one to spare.</summary>
    public const int FrameSlots = FrameQueue + 3;
    /// <summary>Longest sleep of the inference thread, after which it looks around and shows that it lives.</summary>
    public const int InferenceIdleMs = 500;
    /// <summary>How often it is looked whether the model has been at work for too long.</summary>
    public const int RunWatchMs = 250;
    /// <summary>Automatic work that has this much longer to go is cut when a command comes: below it, waiting is less than people notice.</summary>
    public const int CutForCommandMs = 250;
    /// <summary>Time that a run has to heed its cut, after which it counts as stuck: the runtime looks between operators, and a large one takes a second on a small board.</summary>
    public const int CutHeededMs = 2_000;
    /// <summary>Longest wait for the inference thread at the end.</summary>
    public const int InferenceStopMs = 2_000;
    /// <summary>Wait before a stage that threw goes on; doubled with each fault in a row.</summary>
    public const int StageRetryMinMs = 10;
    /// <summary>Longest such wait.</summary>
    public const int StageRetryMaxMs = 5_000;
    /// <summary>Lines of the journal in a minute: a fault that repeats must not fill a disk.</summary>
    public const int JournalLinesPerMinute = 60;
    /// <summary>How often the control loop looks at cameras, link and clock.</summary>
    public const int ControlTickMs = 1_000;
    /// <summary>Seconds of a black picture after which the camera counts as black.</summary>
    public const double BlackS = 5;

    // the demo
    /// <summary>Longest time that the demo may take, in seconds.</summary>
    public const int DemoS = 120;
    /// <summary>Messages that wait to be drawn in the demo.</summary>
    public const int DemoQueue = 1024;

    // the board's vitals, alerts
    /// <summary>Largest message on our own status topic that is looked into for another speaker, in bytes: ours are below 1 KiB.</summary>
    public const int MaxStatusBytes = 4096;
    /// <summary>Channels of one power monitor: the INA3221 has three, and a sum.</summary>
    public const int MaxPowerChannels = 4;
    /// <summary>Longest time that an export of metrics may take, in milliseconds; it runs on a thread of its own.</summary>
    public const int OtlpTimeoutMs = 5_000;
    /// <summary>Longest time that stopping waits for the last export, in milliseconds.</summary>
    public const int OtlpStopMs = 500;
    /// <summary>Longest time for clearing a device's retained topics, in milliseconds.</summary>
    public const int RetireMs = 30_000;
    /// <summary>Rounds of clearing: the second finds nothing unless the device runs on.</summary>
    public const int RetireRounds = 5;
    /// <summary>Longest id of an alert: a word, a hyphen and a camera's id.</summary>
    public const int MaxAlertIdLength = MaxIdLength + 16;
    // embeddings and everything
    /// <summary>Frames whose embeddings are kept for more prompts: EfficientSAM's take 4 MB each, and an operator clicks on one frame at a time.</summary>
    public const int MaxEmbeddings = 4;
    /// <summary>Points on a side of the grid of "everything": 64 x 64 are 4096 decodes, two minutes of a desktop machine.</summary>
    public const int MaxEverythingGrid = 64;
    /// <summary>The same where a command names none: 256 decodes are seconds on a small board, and find what a quarter of the picture's side shows.</summary>
    public const int EverythingGrid = 16;
    /// <summary>Longest work on everything before frames and commands get their turn, in milliseconds; a command ends it within one decode.</summary>
    public const int EverythingSliceMs = 200;
    /// <summary>Longest time for everything in one frame, in milliseconds; what was found until then is told, as not complete.</summary>
    public const int EverythingMs = 120_000;
    /// <summary>Masks told of one frame; the least sure are left out and counted.</summary>
    public const int MaxEverythingMasks = 256;
    /// <summary>Wait before the outbox is looked at again while masks wait for room in it, in milliseconds.</summary>
    public const int EverythingPauseMs = 2;
    /// <summary>Longest time for them to leave, in milliseconds; where the broker takes none, they have expired by then.</summary>
    public const int EverythingTellMs = 10_000;
    /// <summary>Providers that are tried one after the other.</summary>
    public const int MaxProviders = 8;
    /// <summary>Largest file of kept verdicts, in bytes; beyond it, it is begun anew.</summary>
    public const int MaxVerdictBytes = 64 << 10;
    // the benchmark
    /// <summary>Frames measured in one form: some minutes on a small board.</summary>
    public const int MaxBenchFrames = 10_000;
    // the console
    /// <summary>Connections to the console's listener, files and WebSockets together: the broker's clients and a browser's file requests.</summary>
    public const int WebConnections = BrokerClients + 32;
    /// <summary>Largest head of a request, in bytes: a browser's is 1 KB, cookies of other local services included 4.</summary>
    public const int WebHeadBytes = 8 << 10;
    /// <summary>Lines of a request's head.</summary>
    public const int WebHeaders = 64;
    /// <summary>Time for a request to come whole and its file to leave, in ms; a WebSocket's CONNECT has the broker's own limit.</summary>
    public const int WebAnswerMs = 10_000;
    /// <summary>Wait after a connection could not be taken, in ms.</summary>
    public const int WebRetryMs = 100;
    /// <summary>Photographs a second in the demo with the console: slow enough to look at each.</summary>
    public const double DemoConsoleFps = 0.5;
    // commands
    /// <summary>Commands that are not answered yet, waiting and in work together; further ones are refused as busy. A model of 100 ms works these off within a second.</summary>
    public const int CommandQueue = 8;
    /// <summary>Longest that a command without an expiry of its own waits for its turn, in milliseconds: nobody waits longer for a click.</summary>
    public const int CommandWaitMs = 10_000;
    /// <summary>Characters of a request's id: a UUID with a prefix fits.</summary>
    public const int MaxRequestIdLength = 64;
    /// <summary>Correlation data of a request, in bytes: it is echoed with every reply.</summary>
    public const int MaxCorrelationBytes = 256;
    /// <summary>Characters of a topic that replies are asked on.</summary>
    public const int MaxReplyTopicLength = 256;
    /// <summary>Answers kept for requests that come again.</summary>
    public const int AnswersKept = 128;
    /// <summary>The same, in bytes of their payloads: masks make them large.</summary>
    public const int AnswerBytes = 1 << 20;
    /// <summary>The same, in milliseconds: a QoS 1 message comes again within a reconnect, not later.</summary>
    public const int AnswerKeptMs = 120_000;
    /// <summary>What a reply says around the message that it carries, in bytes, at most.</summary>
    public const int ReplyOverheadBytes = 1024;
    /// <summary>Characters of a client's own text that are shown back in a sentence.</summary>
    public const int MaxShownLength = 40;
    /// <summary>Pictures a second of a preview, at most: more is video, which MQTT is not for.</summary>
    public const double MaxPreviewFps = 15;
    /// <summary>Smallest width of a preview, in pixels.</summary>
    public const int MinPreviewWidth = 64;
    /// <summary>Largest width of a preview, in pixels.</summary>
    public const int MaxPreviewWidth = 1920;
    /// <summary>Longest time that one command turns a preview on for, in seconds.</summary>
    public const int MaxPreviewS = 3600;
    /// <summary>The same where the command names none: an operator who is gone must not keep a robot's radio busy.</summary>
    public const int PreviewS = 300;
    /// <summary>JPEG quality below which a picture is not worth its bytes; a picture too large at it is not sent.</summary>
    public const int MinJpegQuality = 20;

    // frames held for commands
    /// <summary>Memory of the frames whose id left the device, in bytes, all cameras together.</summary>
    public const int FrameRingBytes = 32 << 20;
    /// <summary>Frames held at most, whatever their size: finding one looks at each.</summary>
    public const int FrameRingFrames = 512;
    /// <summary>Time that a frame is held for at least, in milliseconds; one that goes sooner for want of memory is counted.</summary>
    public const int FrameHeldMinMs = 5_000;
    /// <summary>Age from which a frame's memory is taken for a new one although more memory is left, in milliseconds.</summary>
    public const int FrameHeldMs = 30_000;

    /// <summary>Longest wait for a frame on which a command is to be carried out: a camera that gives none for so long is told to the operator.</summary>
    public const int CommandFrameWaitMs = 3_000;
    /// <summary>Seconds after which an unsent preview is worth nothing.</summary>
    public const int PreviewExpiryS = 2;
    // wires
    /// <summary>Edges that the kernel holds for us: at a 1 kHz burst, 64 ms of them; the kernel's own default is 16.</summary>
    public const int GpioEventBuffer = 64;
    /// <summary>Edges taken in one read.</summary>
    public const int GpioReadEvents = 16;
    /// <summary>Lines of a chip that are searched for a name.</summary>
    public const int GpioLines = 1024;
    /// <summary>Longest wait for an edge before the listening thread looks around, in ms.</summary>
    public const int GpioWaitMs = 250;
    /// <summary>Wait before a line that failed is opened again, in ms.</summary>
    public const int GpioRetryMs = 5_000;
    /// <summary>Edges that wait for their frames: more than a queue of frames could answer anyway.</summary>
    public const int PendingEdges = 16;
    /// <summary>An edge that has found no frame for this long is missed: what it told of is no longer in front of the camera.</summary>
    public const int TriggerMaxAgeMs = 5_000;

    // the service manager
    /// <summary>A control loop that has not gone round for this long is stuck, in ms: it waits for nothing, and goes round every second.</summary>
    public const int ControlStuckMs = 20_000;
    /// <summary>Longest status line, in characters: it is shown on one line of a terminal.</summary>
    public const int StatusLine = 200;
    /// <summary>Stages whose heartbeats are watched.</summary>
    public const int WatchedStages = 32;

    // the operator's side of updates
    /// <summary>Rounds by which a passphrase is turned into a key, as OWASP recommends for PBKDF2 with SHA-256.</summary>
    public const int PassphraseRounds = 600_000;
    /// <summary>Largest file with a passphrase, in bytes.</summary>
    public const int MaxPassphraseBytes = 1024;
    /// <summary>Days that a manifest is good for where nobody says otherwise: a device that was stored for longer must not take an old model.</summary>
    public const int ManifestDays = 180;
    /// <summary>Photographs of a canary: each makes two cases.</summary>
    public const int MaxCanaryPhotos = MaxCanaryCases / 2;
    /// <summary>Shipped photographs that a canary takes where nobody names others.</summary>
    public const int DefaultCanaryPhotos = 3;
    /// <summary>Longest time for publishing a manifest, in ms.</summary>
    public const int PublicationMs = 30_000;
    /// <summary>Time that a broker gets to hand over a retained message, in ms.</summary>
    public const int RetainedWaitMs = 400;
    /// <summary>Largest model/state looked at, in bytes.</summary>
    public const int MaxModelStateBytes = 16 << 10;
    /// <summary>Devices of one table.</summary>
    public const int MaxFleetDevices = 10_000;
    /// <summary>Messages that wait for the table.</summary>
    public const int FleetQueue = 1024;
    /// <summary>Silence after which all retained states have come, in ms.</summary>
    public const int FleetQuietMs = 500;
    /// <summary>Longest wait for a fleet that says nothing, in seconds.</summary>
    public const int FleetWaitS = 3;
    /// <summary>Wait before a lost broker is tried again while a fleet is followed, in ms.</summary>
    public const int FleetRetryMs = 5_000;
    /// <summary>How often a followed table is drawn anew at most, in ms.</summary>
    public const int FleetDrawMs = 200;
    /// <summary>Characters of a device's own words in the table.</summary>
    public const int MaxFleetText = 80;

    // updates
    /// <summary>Largest signed manifest with its signatures, in bytes of the message: sixteen files and ten keys fit.</summary>
    public const int MaxEnvelopeBytes = MaxCommandBytes;
    /// <summary>Signatures of one manifest.</summary>
    public const int MaxSignatures = 16;
    /// <summary>Keys trusted at a time.</summary>
    public const int MaxTrustedKeys = 16;
    /// <summary>Keys remembered as revoked.</summary>
    public const int MaxRevokedKeys = 64;
    /// <summary>Largest key file, in bytes: a P-256 key has 178.</summary>
    public const int MaxKeyBytes = 4 << 10;
    /// <summary>Greatest serial of a manifest: what JSON's numbers carry without loss in every language.</summary>
    public const long MaxSerial = 1L << 53;
    /// <summary>Files of one bundle.</summary>
    public const int MaxBundleFiles = 16;
    /// <summary>All files of one bundle, in bytes.</summary>
    public const long MaxBundleBytes = 2L << 30;
    /// <summary>Figures of a bundle's quality.</summary>
    public const int MaxQualityFigures = 32;
    /// <summary>Characters of a file name of a bundle.</summary>
    public const int MaxFileNameLength = 100;
    /// <summary>Characters of a bundle's address.</summary>
    public const int MaxUrlLength = 1024;
    /// <summary>Cases of a canary run: each is a picture through both models, several times.</summary>
    public const int MaxCanaryCases = 16;
    /// <summary>Largest file of canary cases, in bytes.</summary>
    public const int MaxCanaryCaseBytes = 1 << 20;
    /// <summary>Rounds in which the canary runs both models in turns; the median of each counts.</summary>
    public const int CanaryRounds = 5;
    /// <summary>Longest canary run, loading included, in ms: EfficientSAM on a slow board takes seconds a picture.</summary>
    public const int CanaryMs = 300_000;
    /// <summary>Largest verdict of a canary, in bytes.</summary>
    public const int MaxCanaryVerdictBytes = 16 << 10;
    /// <summary>Live results that a trial may ask for, and that the figures of the former model are taken from.</summary>
    public const int MaxLiveFrames = 10_000;
    /// <summary>Results of a model that its figures are taken over: about ten seconds at 25 frames a second.</summary>
    public const int LiveWindow = 256;
    /// <summary>Starts in a trial that ended without a proper stop, before the former model comes back.</summary>
    public const int TrialCrashes = 2;
    /// <summary>Manifests remembered as failed, so that none is tried for ever.</summary>
    public const int FailedKept = 16;
    /// <summary>Names whose greatest version is remembered.</summary>
    public const int MaxModelNames = 16;
    /// <summary>Largest state file of the updates, in bytes.</summary>
    public const int MaxUpdateStateBytes = 256 << 10;
    /// <summary>Disk left free beside a bundle that is fetched, in bytes.</summary>
    public const long UpdateReserveBytes = 32L << 20;
    /// <summary>First wait before a step is tried again, in ms; it doubles.</summary>
    public const int UpdateRetryMinMs = 5_000;
    /// <summary>Longest such wait: a server that was down for days must not be stormed, nor waited for half a day.</summary>
    public const int UpdateRetryMaxMs = 3_600_000;
    /// <summary>Longest wait that a server may ask for, in ms.</summary>
    public const int MaxRetryAfterMs = 24 * 3_600_000;
    /// <summary>Silence of a server after which a download is begun again where it stopped, in ms.</summary>
    public const int DownloadStallMs = 30_000;
    /// <summary>Slowest download, in bytes a second over <see cref="DownloadStallMs"/>: a server that trickles is as good as none.</summary>
    public const int DownloadMinBytesPerS = 256;
    /// <summary>Redirects followed for one file.</summary>
    public const int DownloadRedirects = 4;
    /// <summary>Time for a server to take a connection, TLS included, in ms: a mobile network in a valley needs seconds.</summary>
    public const int DownloadConnectMs = 20_000;
    /// <summary>Largest head of an answer, in KiB.</summary>
    public const int DownloadHeadKib = 32;
    /// <summary>The one buffer of a download, in bytes: as much as a socket holds at a time.</summary>
    public const int DownloadBufferBytes = 64 << 10;
    /// <summary>Characters of an ETag that is kept; with a longer one a download is not resumed.</summary>
    public const int MaxValidatorLength = 256;
    /// <summary>Longest wait for commands and triggers to be done before a model is swapped all the same, in ms.</summary>
    public const int SwapWaitMs = 60_000;
    /// <summary>How often it is looked whether the inference thread has taken a model up, in ms.</summary>
    public const int SwapLookMs = 5;
    /// <summary>How often a waiting update looks whether it may go on, in ms.</summary>
    public const int UpdateLookMs = 1_000;
    /// <summary>How often a download's progress is told, in ms.</summary>
    public const int UpdateProgressMs = 1_000;
}
