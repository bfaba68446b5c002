// The few of OpenCV's functions that edgeseg calls, under the names and in the form in which OpenCvSharp's managed side calls them (its
// libOpenCvSharpExtern.so holds all of OpenCV's). For machines for which no such library is published: it is compiled against the system's
// OpenCV.
//
// Each function returns 0, or 1 when OpenCV threw; what it threw has then gone through the callback of redirectError. Results are
// written through the last pointer. Arrays come as cv::Mat*, or as a cv::_InputArray* or cv::_OutputArray* made of one.
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using In = cv::_InputArray;
using Out = cv::_OutputArray;
using InOut = cv::_InputOutputArray;
using Bytes = std::vector<uchar>;
using Lines = std::vector<cv::Vec4i>;
using Contours = std::vector<std::vector<cv::Point>>;

// structures as they are passed by value: plain ones, unlike OpenCV's own
struct Point { int x, y; };
struct Size { int width, height; };
struct Rect { int x, y, width, height; };
struct Scalar { double v[4]; };

cv::Point of(Point p) { return {p.x, p.y}; }
cv::Size of(Size s) { return {s.width, s.height}; }
cv::Rect of(Rect r) { return {r.x, r.y, r.width, r.height}; }
cv::Scalar of(Scalar s) { return {s.v[0], s.v[1], s.v[2], s.v[3]}; }
Size to(cv::Size s) { return {s.width, s.height}; }
std::vector<int> list(const int *numbers, int length) { return numbers ? std::vector<int>(numbers, numbers + length) : std::vector<int>(); }

template <class Body> int guarded(Body body) {
    try {
        body();
        return 0;
    } catch (...) {
        return 1;
    }
}

}  // namespace

EXPORT cv::ErrorCallback redirectError(cv::ErrorCallback callback, void *data, void **before) {
    return cv::redirectError(callback, data, before);
}

EXPORT int core_getVersionString(char *text, int length) {
    return guarded([=] {
        const auto version = cv::getVersionString();
        const auto n = std::min(version.size(), static_cast<size_t>(std::max(length - 1, 0)));
        std::memcpy(text, version.data(), n);
        if (length > 0) text[n] = 0;
    });
}

// arrays

EXPORT int core_InputArray_new_byMat(cv::Mat *m, In **r) { return guarded([=] { *r = new In(*m); }); }
EXPORT int core_InputArray_delete(In *a) { return guarded([=] { delete a; }); }
EXPORT int core_OutputArray_new_byMat(cv::Mat *m, Out **r) { return guarded([=] { *r = new InOut(*m); }); }
EXPORT int core_OutputArray_delete(Out *a) { return guarded([=] { delete static_cast<InOut *>(a); }); }

EXPORT int core_Mat_new1(cv::Mat **r) { return guarded([=] { *r = new cv::Mat(); }); }
EXPORT int core_Mat_new2(int rows, int cols, int type, cv::Mat **r) { return guarded([=] { *r = new cv::Mat(rows, cols, type); }); }
EXPORT int core_Mat_new3(int rows, int cols, int type, Scalar value, cv::Mat **r) {
    return guarded([=] { *r = new cv::Mat(rows, cols, type, of(value)); });
}
EXPORT int core_Mat_new8(int rows, int cols, int type, void *data, size_t step, cv::Mat **r) {
    return guarded([=] { *r = new cv::Mat(rows, cols, type, data, step); });
}
EXPORT int core_Mat_delete(cv::Mat *m) { return guarded([=] { delete m; }); }
EXPORT int core_Mat_create1(cv::Mat *m, int rows, int cols, int type) { return guarded([=] { m->create(rows, cols, type); }); }
EXPORT int core_Mat_clone(cv::Mat *m, cv::Mat **r) { return guarded([=] { *r = new cv::Mat(m->clone()); }); }
EXPORT int core_Mat_subMat1(cv::Mat *m, int row0, int row1, int col0, int col1, cv::Mat **r) {
    return guarded([=] { *r = new cv::Mat((*m)(cv::Range(row0, row1), cv::Range(col0, col1))); });
}
EXPORT int core_Mat_copyTo_toMat1(cv::Mat *m, cv::Mat *to) { return guarded([=] { m->copyTo(*to); }); }
EXPORT int core_Mat_copyTo_toMat2(cv::Mat *m, cv::Mat *to, In *mask) {
    return guarded([=] { m->copyTo(*to, mask ? *mask : In(cv::noArray())); });
}
EXPORT int core_Mat_convertTo(cv::Mat *m, Out *to, int type, double alpha, double beta) {
    return guarded([=] { m->convertTo(*to, type, alpha, beta); });
}

EXPORT int core_Mat_rows(cv::Mat *m, int *r) { return guarded([=] { *r = m->rows; }); }
EXPORT int core_Mat_cols(cv::Mat *m, int *r) { return guarded([=] { *r = m->cols; }); }
EXPORT int core_Mat_type(cv::Mat *m, int *r) { return guarded([=] { *r = m->type(); }); }
EXPORT int core_Mat_channels(cv::Mat *m, int *r) { return guarded([=] { *r = m->channels(); }); }
EXPORT int core_Mat_elemSize(cv::Mat *m, size_t *r) { return guarded([=] { *r = m->elemSize(); }); }
EXPORT int core_Mat_total1(cv::Mat *m, size_t *r) { return guarded([=] { *r = m->total(); }); }
EXPORT int core_Mat_step(cv::Mat *m, size_t *r) { return guarded([=] { *r = m->step; }); }
EXPORT int core_Mat_size(cv::Mat *m, Size *r) { return guarded([=] { *r = to(m->size()); }); }
EXPORT int core_Mat_empty(cv::Mat *m, int *r) { return guarded([=] { *r = m->empty(); }); }
EXPORT int core_Mat_isContinuous(cv::Mat *m, int *r) { return guarded([=] { *r = m->isContinuous(); }); }
EXPORT int core_Mat_isSubmatrix(cv::Mat *m, int *r) { return guarded([=] { *r = m->isSubmatrix(); }); }
EXPORT int core_Mat_data(cv::Mat *m, uchar **r) { return guarded([=] { *r = m->data; }); }
EXPORT int core_Mat_ptr1d(cv::Mat *m, int row, uchar **r) { return guarded([=] { *r = m->ptr(row); }); }
EXPORT int core_Mat_ptr2d(cv::Mat *m, int row, int col, uchar **r) { return guarded([=] { *r = m->ptr(row, col); }); }

EXPORT int core_addWeighted(In *a, double alpha, In *b, double beta, double gamma, Out *to, int type) {
    return guarded([=] { cv::addWeighted(*a, alpha, *b, beta, gamma, *to, type); });
}
EXPORT int core_copyMakeBorder(In *from, Out *to, int top, int bottom, int left, int right, int kind, Scalar value) {
    return guarded([=] { cv::copyMakeBorder(*from, *to, top, bottom, left, right, kind, of(value)); });
}
EXPORT int core_flip(In *from, Out *to, int code) { return guarded([=] { cv::flip(*from, *to, code); }); }
EXPORT int core_rotate(In *from, Out *to, int code) { return guarded([=] { cv::rotate(*from, *to, code); }); }

// pictures

EXPORT int imgcodecs_imdecode_vector(uchar *bytes, int length, int flags, cv::Mat **r) {
    return guarded([=] { *r = new cv::Mat(cv::imdecode(cv::Mat(1, length, CV_8UC1, bytes), flags)); });
}
EXPORT int imgcodecs_imencode_vector(const char *extension, In *picture, Bytes *bytes, int *params, int length, int *r) {
    return guarded([=] { *r = cv::imencode(extension, *picture, *bytes, list(params, length)); });
}
EXPORT int imgcodecs_imwrite(const char *file, cv::Mat *picture, int *params, int length, int *r) {
    return guarded([=] { *r = cv::imwrite(file, *picture, list(params, length)); });
}

EXPORT int imgproc_resize(In *from, Out *to, Size size, double fx, double fy, int interpolation) {
    return guarded([=] { cv::resize(*from, *to, of(size), fx, fy, interpolation); });
}
EXPORT int imgproc_cvtColor(In *from, Out *to, int code, int channels) {
    return guarded([=] { cv::cvtColor(*from, *to, code, channels); });
}
EXPORT int imgproc_distanceTransform(In *from, Out *to, int kind, int mask, int type) {
    return guarded([=] { cv::distanceTransform(*from, *to, kind, mask, type); });
}
EXPORT int imgproc_connectedComponentsWithStats(In *from, Out *labels, Out *stats, Out *centroids, int connectivity, int type, int *r) {
    return guarded([=] { *r = cv::connectedComponentsWithStats(*from, *labels, *stats, *centroids, connectivity, type); });
}
EXPORT int imgproc_findContours1_vector(In *from, Contours *contours, Lines *hierarchy, int mode, int method, Point offset) {
    return guarded([=] { cv::findContours(*from, *contours, *hierarchy, mode, method, of(offset)); });
}

EXPORT int imgproc_drawContours_vector(InOut *picture, cv::Point **points, int count, int *counts,
        int which, Scalar colour, int thickness, int line, cv::Vec4i *hierarchy, int length, int level, Point offset) {
    return guarded([=] {
        Contours contours;
        for (auto i = 0; i < count; i++) contours.emplace_back(points[i], points[i] + counts[i]);
        Lines lines;
        if (hierarchy) lines.assign(hierarchy, hierarchy + length);
        cv::drawContours(*picture, contours, which, of(colour), thickness, line,
                         hierarchy ? In(lines) : In(cv::noArray()), level, of(offset));
    });
}
EXPORT int imgproc_circle(InOut *picture, Point centre, int radius, Scalar colour, int thickness, int line, int shift) {
    return guarded([=] { cv::circle(*picture, of(centre), radius, of(colour), thickness, line, shift); });
}
EXPORT int imgproc_rectangle_Mat_Point(cv::Mat *picture, Point a, Point b, Scalar colour, int thickness, int line, int shift) {
    return guarded([=] { cv::rectangle(*picture, of(a), of(b), of(colour), thickness, line, shift); });
}
EXPORT int imgproc_rectangle_Mat_Rect(cv::Mat *picture, Rect rect, Scalar colour, int thickness, int line, int shift) {
    return guarded([=] { cv::rectangle(*picture, of(rect), of(colour), thickness, line, shift); });
}
EXPORT int imgproc_getTextSize(const char *text, int face, double scale, int thickness, int *base, Size *r) {
    return guarded([=] { *r = to(cv::getTextSize(text, face, scale, thickness, base)); });
}
EXPORT int imgproc_putText(InOut *picture, const char *text, Point at, int face, double scale, Scalar colour,
        int thickness, int line, int up) {
    return guarded([=] { cv::putText(*picture, text, of(at), face, scale, of(colour), thickness, line, up != 0); });
}

// lists

EXPORT Bytes *vector_uchar_new1() { return new Bytes(); }
EXPORT size_t vector_uchar_getSize(Bytes *v) { return v->size(); }
EXPORT uchar *vector_uchar_getPointer(Bytes *v) { return v->data(); }
EXPORT void vector_uchar_delete(Bytes *v) { delete v; }

EXPORT Lines *vector_Vec4i_new1() { return new Lines(); }
EXPORT size_t vector_Vec4i_getSize(Lines *v) { return v->size(); }
EXPORT cv::Vec4i *vector_Vec4i_getPointer(Lines *v) { return v->data(); }
EXPORT void vector_Vec4i_delete(Lines *v) { delete v; }

EXPORT Contours *vector_vector_Point_new1() { return new Contours(); }
EXPORT size_t vector_vector_Point_getSize1(Contours *v) { return v->size(); }
EXPORT void vector_vector_Point_getSize2(Contours *v, size_t *sizes) {
    for (size_t i = 0; i < v->size(); i++) sizes[i] = (*v)[i].size();
}
EXPORT void vector_vector_Point_copy(Contours *v, cv::Point **to) {
    for (size_t i = 0; i < v->size(); i++) std::copy((*v)[i].begin(), (*v)[i].end(), to[i]);
}
EXPORT void vector_vector_Point_delete(Contours *v) { delete v; }

// cameras

EXPORT int videoio_VideoCapture_new1(cv::VideoCapture **r) { return guarded([=] { *r = new cv::VideoCapture(); }); }
EXPORT int videoio_VideoCapture_delete(cv::VideoCapture *c) { return guarded([=] { delete c; }); }
EXPORT int videoio_VideoCapture_open1(cv::VideoCapture *c, const char *name, int api, int *r) {
    return guarded([=] { *r = c->open(std::string(name), api); });
}
EXPORT int videoio_VideoCapture_isOpened(cv::VideoCapture *c, int *r) { return guarded([=] { *r = c->isOpened(); }); }
EXPORT int videoio_VideoCapture_grab(cv::VideoCapture *c, int *r) { return guarded([=] { *r = c->grab(); }); }
EXPORT int videoio_VideoCapture_retrieve_Mat(cv::VideoCapture *c, cv::Mat *picture, int flag, int *r) {
    return guarded([=] { *r = c->retrieve(*picture, flag); });
}
EXPORT int videoio_VideoCapture_get(cv::VideoCapture *c, int property, double *r) { return guarded([=] { *r = c->get(property); }); }
EXPORT int videoio_VideoCapture_set(cv::VideoCapture *c, int property, double value, int *r) {
    return guarded([=] { *r = c->set(property, value); });
}
EXPORT int videoio_VideoWriter_fourcc(char a, char b, char c, char d, int *r) {
    return guarded([=] { *r = cv::VideoWriter::fourcc(a, b, c, d); });
}
