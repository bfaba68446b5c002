using System.Runtime.InteropServices;

namespace EdgeSeg.Gpio;

/// <summary>
/// The kernel's interface to GPIO chips, version 2, as in <c>linux/gpio.h</c>: the structures that go through it, their sizes being part of
/// the request numbers. The same on x86-64 and arm64.
/// </summary>
internal static unsafe class GpioAbi
{
    public const int NameBytes = 32;

    // _IOR or _IOWR of type 0xB4, number and size
    public const uint GetChipInfo = 0x8044_B401;
    public const uint GetLineInfo = 0xC100_B405;
    public const uint GetLine = 0xC250_B407;

    // flags of a line
    public const ulong Used = 1 << 0,
        ActiveLow = 1 << 1,
        Input = 1 << 2,
        EdgeRising = 1 << 4,
        EdgeFalling = 1 << 5;
    public const ulong BiasPullUp = 1 << 8,
        BiasPullDown = 1 << 9,
        BiasDisabled = 1 << 10;

    public const uint AttributeDebounce = 3;
    public const uint EventRising = 1;

    public const short PollIn = 1;

    public const int ENOENT = 2,
        EINTR = 4,
        ENXIO = 6,
        EAGAIN = 11,
        EACCES = 13,
        EPERM = 1,
        EBUSY = 16,
        ENODEV = 19,
        EINVAL = 22,
        ENOTTY = 25;

    [StructLayout(LayoutKind.Sequential)]
    public struct ChipInfo
    {
        public fixed byte Name[NameBytes];
        public fixed byte Label[NameBytes];
        public uint Lines;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineAttribute
    {
        public uint Id;
        public uint Padding;
        public ulong Value;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineConfigAttribute
    {
        public LineAttribute Attribute;
        public ulong Mask;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineInfo
    {
        public fixed byte Name[NameBytes];
        public fixed byte Consumer[NameBytes];
        public uint Offset;
        public uint AttributeCount;
        public ulong Flags;
        public fixed byte Attributes[10 * 16];
        public fixed uint Padding[4];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineRequest
    {
        public fixed uint Offsets[64];
        public fixed byte Consumer[NameBytes];
        public ulong Flags;
        public uint AttributeCount;
        public fixed uint ConfigPadding[5];
        public LineConfigAttribute FirstAttribute;
        public fixed byte OtherAttributes[9 * 24];
        public uint LineCount;
        public uint EventBufferSize;
        public fixed uint Padding[5];
        public int Descriptor;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineEvent
    {
        public ulong TimestampNs;
        public uint Id;
        public uint Offset;
        public uint Sequence;
        public uint LineSequence;
        public fixed uint Padding[6];
    }
}
